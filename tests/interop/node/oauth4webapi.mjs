// oauth4webapi 3: a public client checks every answer by itself, iss and media types included.
import * as oauth from 'oauth4webapi'
import { done, given, visit } from './talk.mjs'

const insecure = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(given.issuer)
const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { algorithm: given.discovery ?? 'oidc', ...insecure }),
)
const client = { client_id: given.client_id }
const auth = oauth.None()
const redirect = given.redirect_uris[0]
const verifier = oauth.generateRandomCodeVerifier()
const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
const address = new URL(as.authorization_endpoint)
for (const [name, value] of Object.entries({
  client_id: given.client_id,
  redirect_uri: redirect,
  response_type: 'code',
  scope: 'openid email',
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
})) address.searchParams.set(name, value)

const parameters = oauth.validateAuthResponse(as, client, await visit(address), state)
const response = await oauth.authorizationCodeGrantRequest(as, client, auth, parameters, redirect, verifier, insecure)
const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
  expectedNonce: nonce,
  requireIdToken: true,
})
await oauth.validateApplicationLevelSignature(as, response, insecure)
const claims = oauth.getValidatedIdTokenClaims(tokens)
const userinfo = await oauth.processUserInfoResponse(
  as,
  client,
  claims.sub,
  await oauth.userInfoRequest(as, client, tokens.access_token, insecure),
)
await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, tokens.access_token, insecure))
let refused
try {
  await oauth.processUserInfoResponse(as, client, claims.sub, await oauth.userInfoRequest(as, client, tokens.access_token, insecure))
} catch (error) {
  refused = error.cause?.[0]?.parameters?.error ?? error.code
}
done({ claims, userinfo, refused })
