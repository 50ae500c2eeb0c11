// Auth.js (next-auth) under Express: a provider of type oidc by discovery; the person is made out of the ID token.
import express from 'express'
import { ExpressAuth, getSession } from '@auth/express'

const given = JSON.parse(process.argv[2])
const config = {
  trustHost: true,
  secret: 'of no use here, but long enough for it',
  useSecureCookies: false,
  providers: [
    {
      id: 'gatehouse',
      name: 'Gatehouse',
      type: 'oidc',
      issuer: given.issuer,
      clientId: given.client_id,
      clientSecret: given.client_secret,
      ...given.options,
    },
  ],
}
const app = express()
app.use('/auth/*', ExpressAuth(config))
app.get('/', async (request, response) => response.json(await getSession(request, config)))
app.listen(given.port, '127.0.0.1')
