/** The providers of docs/judges.md: what the configuration of each makes of a call, on the wire. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenAiServer, startOpenAiServer } from '../../test/support/openai-server.ts'
import { openProviderClient } from '../../workers/offline/provider-client.ts'
import { providersByName } from '../../workers/offline/providers.ts'
import { readConfig } from './read-file.ts'
import { resolveConfig } from './resolve.ts'
import { providersOf } from './sections/judges.ts'
import { settings } from './settings.ts'

let server: OpenAiServer
beforeAll(async () => {
  server = await startOpenAiServer({ answer: () => ({ kind: 'content', content: '{}' }) })
})
afterAll(() => server.close())

function providerOf(name: string, yaml: string) {
  const file = {
    name: 'assay.yaml',
    folder: '.',
    read: readConfig(`judges: { providers: { ${name}: ${yaml} } }`, settings),
  }
  const resolved = resolveConfig(settings, { flags: {}, env: { KEY: 'sk-1', GATEWAY: 'gw-2' }, file }, {})
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems))
  const provider = providersByName(providersOf(resolved.config.judges)).get(name)
  if (provider === undefined) throw new Error(`${name} is not configured`)
  return provider
}

test.each([
  ['openai', '{ apiKey: env:KEY }', 'https://api.openai.com/v1'],
  ['anthropic', '{ apiKey: env:KEY }', 'https://api.anthropic.com/v1'],
  ['google', '{ apiKey: env:KEY }', 'https://generativelanguage.googleapis.com/v1beta/openai'],
  ['ollama', '{ order: 1 }', 'http://127.0.0.1:11434/v1'],
  ['vllm', '{ order: 1 }', 'http://127.0.0.1:8000/v1'],
])('%s needs no address, and gets its key as a bearer', async (name, yaml, baseUrl) => {
  const provider = providerOf(name, yaml)
  expect(provider.baseUrl).toBe(baseUrl)
  const call = await called({ ...provider, baseUrl: server.url })
  expect(call).toMatchObject({ path: '/v1/chat/completions', body: { model: 'm' } })
  expect(call?.headers.authorization).toBe(yaml === '{ order: 1 }' ? 'Bearer none' : 'Bearer sk-1')
})

test('Azure OpenAI: its deployment, version and key; headers for a gateway between', async () => {
  const base = server.url.replace(/v1$/, 'openai')
  const more = 'apiKey: env:KEY, apiVersion: 2024-10-21, headers: { X-Gateway-Key: env:GATEWAY }'
  const call = await called(providerOf('azure', `{ baseUrl: "${base}", ${more} }`))
  expect(call?.path).toBe('/openai/deployments/m/chat/completions?api-version=2024-10-21')
  expect(call?.headers).toMatchObject({ 'api-key': 'sk-1', 'x-gateway-key': 'gw-2' })
  expect(call?.headers).not.toHaveProperty('authorization')
})

async function called(provider: ReturnType<typeof providerOf>) {
  const body = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] }
  await openProviderClient(provider, 10_000).complete(body, new AbortController().signal)
  return server.requests.at(-1)
}
