// node-oidc-provider as the provider that people sign in with: node upstream.mjs '{"host", "port", "client", "people", "levels"}'.
// Its own sign-in page takes anybody of `people` by name; GET /asked lists the authorization requests that came.
import { createRequire } from 'node:module'

// The installation that the benchmark pins is the one that is tested.
const { Provider } = await import(createRequire(new URL('../../../bench/peers/node/', import.meta.url)).resolve('oidc-provider'))

const { host, port, client, people, levels } = JSON.parse(process.argv[2])
const asked = []

const provider = new Provider(`http://${host}:${port}`, {
  clients: [client],
  claims: { openid: ['sub', 'acr', 'amr'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username', 'locale'] },
  acrValues: levels,
  findAccount: async (_, sub) => sub in people && { accountId: sub, claims: async () => ({ sub, ...people[sub] }) },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  // The person's yes is not what is tested: whoever signs in has agreed.
  loadExistingGrant: async (ctx) => {
    const grant = new provider.Grant({ accountId: ctx.oidc.session.accountId, clientId: ctx.oidc.client.clientId })
    grant.addOIDCScope(ctx.oidc.params.scope)
    await grant.save()
    return grant
  },
  // It sends nothing to private addresses; the address of a test is one.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      logoutSource: async (ctx, form) => {
        ctx.body = form.replace('</form>', '<button id="id_logout" name="logout" value="yes">Sign out</button></form>')
      },
    },
  },
})

for (const event of ['server_error', 'backchannel.error']) provider.on(event, (_, error) => console.error(event, error))

async function read(request) {
  let body = ''
  for await (const chunk of request) body += chunk
  return new URLSearchParams(body)
}

provider.use(async (ctx, next) => {
  if (ctx.path === '/auth') asked.push(ctx.query)
  if (ctx.path === '/asked') {
    ctx.body = asked
    return
  }
  if (!ctx.path.startsWith('/interaction/')) return next()
  if (ctx.method === 'GET') {
    ctx.body = '<form method="post"><input id="id_login" name="login"><input id="id_password" name="password"><button id="id_submit">Sign in</button></form>'
    return
  }
  const { params } = await provider.interactionDetails(ctx.req, ctx.res)
  const accountId = (await read(ctx.req)).get('login')
  const acr = params.acr_values?.split(' ')[0]
  const login = { accountId, acr, amr: acr ? ['pwd', 'otp'] : ['pwd'] }
  const result = accountId in people ? { login } : { error: 'access_denied' }
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false })
  ctx.respond = false
})

provider.listen(port, host)
