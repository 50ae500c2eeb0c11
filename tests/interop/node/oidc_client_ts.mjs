// oidc-client-ts 3, the browser library, under Node: sign-in, userinfo, refresh, revocation, sign-out. It reads an answer by its
// Content-Type and throws on one that it does not know.
import { InMemoryWebStorage, OidcClient, WebStorageStateStore } from 'oidc-client-ts'
import { done, given, visit } from './talk.mjs'

const client = new OidcClient({
  authority: given.issuer,
  client_id: given.client_id,
  redirect_uri: given.redirect_uris[0],
  post_logout_redirect_uri: given.post_logout_redirect_uris[0],
  scope: 'openid profile email offline_access',
  prompt: 'consent',
  loadUserInfo: true,
  stateStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
})
const request = await client.createSigninRequest({ state: 'mine' })
const user = await client.processSigninResponse((await visit(request.url)).href)
const fresh = await client.useRefreshToken({
  state: { refresh_token: user.refresh_token, id_token: user.id_token, scope: user.scope, profile: user.profile, data: {} },
})
await client.revokeToken(fresh.access_token, 'access_token')
await client.revokeToken(fresh.refresh_token, 'refresh_token')
const out = await client.createSignoutRequest({ id_token_hint: user.id_token, state: 'bye' })
const left = await visit(out.url)
const signedOut = await client.processSignoutResponse(left.href)
done({ profile: user.profile, mine: user.userState, rotated: fresh.refresh_token !== user.refresh_token, signedOut: signedOut.userState })
