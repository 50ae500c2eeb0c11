// express-openid-connect 3, the middleware of Auth0: every page asks for a sign-in; claims come from the ID token.
import express from 'express'
import { auth } from 'express-openid-connect'

const given = JSON.parse(process.argv[2])
const app = express()
app.use(
  auth({
    issuerBaseURL: given.issuer,
    baseURL: given.address,
    clientID: given.client_id,
    clientSecret: given.client_secret,
    secret: 'of no use here, but long enough for it',
    idpLogout: true,
    session: { name: 'party' },
    authorizationParams: { response_type: 'code', scope: 'openid profile email offline_access', prompt: 'consent', ...given.parameters },
    ...given.options,
  }),
)
app.get('/', async (request, response) => {
  const info = request.oidc.accessToken ? await request.oidc.fetchUserInfo() : null
  response.json({ claims: request.oidc.idTokenClaims, info })
})
app.get('/renew', async (request, response) => {
  const before = request.oidc.accessToken.access_token
  const fresh = await request.oidc.accessToken.refresh()
  response.json({ isNew: fresh.access_token !== before })
})
app.listen(given.port, '127.0.0.1')
