import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { openProviderClient } from './provider-client.ts'

afterEach(() => vi.unstubAllEnvs())

test.each([
  ['OpenAI and those like it', {}, { authorization: 'Bearer its own', 'x-gateway': 'mine' }],
  ['Azure', { apiVersion: '2024-10-21' }, { 'api-key': 'its own', 'x-gateway': 'mine' }],
])('%s: what is configured is sent, and no header of the environment', async (_, more, sent) => {
  vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'Authorization: Bearer stray\nX-Stray: stray\nX-Gateway: stray')
  vi.stubEnv('OPENAI_ORG_ID', 'stray')
  vi.stubEnv('OPENAI_PROJECT_ID', 'stray')
  let headers: IncomingHttpHeaders = {}
  const server = createServer((request, response) => {
    headers = request.headers
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const provider = { name: 'other', baseUrl, apiKey: 'its own', headers: { 'X-Gateway': 'mine' }, ...more }
  const client = openProviderClient(provider, 60_000)
  expect(await client.complete({ model: 'small', messages: [] }, new AbortController().signal)).toEqual({})
  server.closeAllConnections()
  server.close()
  expect(headers).toMatchObject(sent)
  expect(JSON.stringify(headers)).not.toContain('stray')
  expect(process.env.OPENAI_CUSTOM_HEADERS).toContain('stray')
})
