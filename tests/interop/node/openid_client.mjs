// openid-client 6, as its documentation shows it: sign-in with PKCE, userinfo, refresh, introspection, revocation, logout.
import * as client from 'openid-client'
import { importJWK } from 'jose'
import { done, given, visit } from './talk.mjs'

const auth = {
  client_secret_basic: () => client.ClientSecretBasic(given.client_secret),
  client_secret_post: () => client.ClientSecretPost(given.client_secret),
  client_secret_jwt: () => client.ClientSecretJwt(given.client_secret),
  none: () => client.None(),
  private_key_jwt: async () =>
    client.PrivateKeyJwt({ key: await importJWK(given.private_jwk, given.private_jwk.alg), kid: given.private_jwk.kid }),
}
const options = { execute: [client.allowInsecureRequests] }
if (given.algorithm) options.algorithm = given.algorithm
const config = await client.discovery(
  new URL(given.issuer),
  given.client_id,
  { id_token_signed_response_alg: given.id_token_signed_response_alg, client_secret: given.client_secret },
  await auth[given.token_endpoint_auth_method](),
  options,
)

if (given.grant_types.includes('client_credentials')) {
  const tokens = await client.clientCredentialsGrant(config, { scope: 'notes:read' })
  const seen = await client.tokenIntrospection(config, tokens.access_token)
  await client.tokenRevocation(config, tokens.access_token)
  const after = await client.tokenIntrospection(config, tokens.access_token)
  done({ type: tokens.token_type, scope: tokens.scope, seen, after })
}

const verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const nonce = client.randomNonce()
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: given.redirect_uris[0],
  scope: 'openid profile email offline_access',
  prompt: 'consent',
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
})
const tokens = await client.authorizationCodeGrant(config, await visit(address), {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
})
const claims = tokens.claims()
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
const fresh = await client.refreshTokenGrant(config, tokens.refresh_token)
const confidential = given.token_endpoint_auth_method !== 'none'
const seen = confidential ? await client.tokenIntrospection(config, fresh.access_token) : null
await client.tokenRevocation(config, fresh.refresh_token)
const after = confidential ? await client.tokenIntrospection(config, fresh.access_token) : null
let refused
try {
  await client.refreshTokenGrant(config, fresh.refresh_token)
} catch (error) {
  refused = error.error
}
const end = client.buildEndSessionUrl(config, {
  id_token_hint: tokens.id_token,
  post_logout_redirect_uri: given.post_logout_redirect_uris[0],
  state: 'bye',
})
const left = await visit(end)
done({ claims, userinfo, rotated: fresh.refresh_token !== tokens.refresh_token, fresh: fresh.claims(), seen, after, refused, left: left.href })
