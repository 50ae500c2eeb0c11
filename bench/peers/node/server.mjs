// node-oidc-provider with everything in memory: node server.mjs PORT CODES. Says what it seeded as one line of JSON, then serves.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { Provider } from 'oidc-provider'

const [port, codes] = process.argv.slice(2).map(Number)
const REDIRECT = 'https://app.example/callback'
const SCOPE = 'openid profile offline_access'
const API = 'urn:api'

// The adapter that comes with it forgets everything beyond a thousand entries; this one forgets nothing.
const rows = new Map()
const grants = new Map()
class Memory {
  constructor(model) { this.model = model }
  key(id) { return `${this.model}:${id}` }
  async upsert(id, payload) {
    rows.set(this.key(id), payload)
    if (payload.grantId) grants.set(payload.grantId, [...(grants.get(payload.grantId) ?? []), this.key(id)])
  }
  async find(id) { return rows.get(this.key(id)) }
  async findByUid() { return undefined }
  async findByUserCode() { return undefined }
  async consume(id) { rows.get(this.key(id)).consumed = Math.floor(Date.now() / 1000) }
  async destroy(id) { rows.delete(this.key(id)) }
  async revokeByGrantId(grantId) {
    for (const key of grants.get(grantId) ?? []) rows.delete(key)
    grants.delete(grantId)
  }
}

const key = (type, alg, options) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig' })
const secret = () => randomBytes(32).toString('base64url')
const client = (client_id, more) => ({ client_id, client_secret: secret(), redirect_uris: [], response_types: [], grant_types: ['client_credentials'], ...more })
const app = client('app', { redirect_uris: [REDIRECT], response_types: ['code'], grant_types: ['authorization_code', 'refresh_token'] })
const service = client('service')

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Memory,
  clients: [app, service],
  jwks: { keys: [key('rsa', 'RS256', { modulusLength: 2048 }), key('ec', 'ES256', { namedCurve: 'P-256' })] },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'updated_at'] },
  findAccount: async (_, sub) => ({ accountId: sub, claims: async () => ({ sub, name: 'Olena Shevchenko', preferred_username: 'olena', updated_at: 1_700_000_000 }) }),
  ttl: { AuthorizationCode: 3_600, AccessToken: 3_600, ClientCredentials: 600, RefreshToken: 86_400, Grant: 86_400, IdToken: 3_600 },
  rotateRefreshToken: true,
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: async (_ctx, client) => (client.clientId === 'service' ? API : undefined),
      useGrantedResource: async () => false,
      getResourceServerInfo: async () => ({ scope: 'read', audience: API, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
    },
  },
})

const owner = await provider.Client.find('app')
async function granted() {
  const grant = new provider.Grant({ accountId: 'olena', clientId: 'app' })
  grant.addOIDCScope(SCOPE)
  return { accountId: 'olena', client: owner, grantId: await grant.save(), scope: SCOPE, gty: 'authorization_code', authTime: Math.floor(Date.now() / 1000) }
}
const many = async (n, make) => { const made = []; for (let i = 0; i < n; i++) made.push(await make()); return made }

console.log(JSON.stringify({
  app: [app.client_id, app.client_secret],
  service: [service.client_id, service.client_secret],
  access: await many(200, async () => new provider.AccessToken(await granted()).save()),
  refresh: await many(128, async () => new provider.RefreshToken({ ...await granted(), rotations: 0 }).save()),
  codes: await many(codes, async () => {
    const verifier = randomBytes(36).toString('base64url')
    const codeChallenge = createHash('sha256').update(verifier).digest('base64url')
    const code = new provider.AuthorizationCode({ ...await granted(), redirectUri: REDIRECT, codeChallenge, codeChallengeMethod: 'S256' })
    return [await code.save(), verifier]
  }),
}))
provider.listen(port, '127.0.0.1')
