// passport-openidconnect: the strategy of Passport, without PKCE.
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import OpenIDConnectStrategy from 'passport-openidconnect'

const given = JSON.parse(process.argv[2])
passport.use(
  new OpenIDConnectStrategy(
    {
      issuer: given.issuer,
      authorizationURL: given.metadata.authorization_endpoint,
      tokenURL: given.metadata.token_endpoint,
      userInfoURL: given.metadata.userinfo_endpoint,
      clientID: given.client_id,
      clientSecret: given.client_secret,
      callbackURL: given.redirect_uris[0],
      scope: ['profile', 'email'],
    },
    (issuer, profile, done) => done(null, { issuer, ...profile }),
  ),
)
passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))
const app = express()
app.use(session({ name: 'party', secret: 'of no use here', resave: false, saveUninitialized: false }))
app.use(passport.session())
app.get('/login', passport.authenticate('openidconnect'))
app.get('/callback', passport.authenticate('openidconnect', { failureRedirect: '/failed', successRedirect: '/' }))
app.get('/', (request, response) => response.json({ user: request.user ?? null }))
app.listen(given.port, '127.0.0.1')
