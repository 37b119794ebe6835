/** A real provider of OpenID Connect on this machine, with two people and a page on which one says who one is. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'

export const PEOPLE: Readonly<Record<string, { email: string; groups: readonly string[] }>> = {
  ada: { email: 'ada@example.org', groups: ['everyone', 'assay-editors'] },
  bob: { email: 'bob@example.org', groups: ['everyone'] },
  eve: { email: 'eve@elsewhere.test', groups: ['assay-editors'] },
}

export interface OpenIdProvider {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  close(): Promise<void>
}

const CLIENT_ID = 'assay'
const CLIENT_SECRET = 'of-the-tests-and-of-nobody-else'

/** `redirectUri`: asked for when somebody first signs in, since Assay's port is known late. */
export async function startOpenIdProvider(redirectUri: () => string): Promise<OpenIdProvider> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = (): Provider => {
    const made = new Provider(issuer, {
      clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [redirectUri()] }],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: [], groups: ['groups'] },
      ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600 },
      cookies: { keys: ['of-the-tests'] },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
      pkce: { required: () => true },
      findAccount: (_, accountId) => ({
        accountId,
        claims: async () => ({ sub: accountId, email_verified: true, ...PEOPLE[accountId] }),
      }),
      // Nobody is asked whether Assay may know who they are.
      loadExistingGrant: async ({ oidc }) => {
        const grant = new made.Grant({ clientId: CLIENT_ID, accountId: oidc.session?.accountId ?? '' })
        grant.addOIDCScope('openid email profile groups')
        await grant.save()
        return grant
      },
    })
    return made
  }
  let made: Provider | null = null
  server.on('request', async (request, response) => {
    made ??= provider()
    if (!request.url?.startsWith('/interaction/')) return void made.callback()(request, response)
    if (request.method === 'GET') {
      const buttons = Object.keys(PEOPLE).map((who) => `<button name="who" value="${who}">${who}</button>`)
      response.setHeader('content-type', 'text/html')
      return void response.end(
        `<form method="post">${buttons.join('')}<button name="who" value="">nobody</button></form>`,
      )
    }
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const accountId = new URLSearchParams(body).get('who') ?? ''
    const result = accountId === '' ? { error: 'access_denied' } : { login: { accountId } }
    await made.interactionFinished(request, response, result)
  })
  return {
    issuer,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
