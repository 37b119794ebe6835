/** Judges over TLS: with an authority of the test's own that a process trusts or does not, and certificates that are wrong. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { createAuthority } from '../../test/support/certificates.ts'
import { type OpenAiServer, startOpenAiServer } from '../../test/support/openai-server.ts'
import { classifyFailure } from './retry.ts'

vi.setConfig({ testTimeout: 60_000 })

const folder = mkdtempSync(join(tmpdir(), 'assay-judge-tls-'))
afterAll(() => rmSync(folder, { recursive: true }))
const authority = createAuthority(folder, 'authority')
const trusted = join(folder, 'trusted.pem')
writeFileSync(trusted, authority.certificate)
const script = new URL('testing/ask-once.ts', import.meta.url).pathname

let judge: OpenAiServer
afterEach(() => judge?.close())

/** What becomes of a question to a judge that shows this certificate. */
async function asked(altNames: string, environment: Record<string, string>): Promise<unknown> {
  const { certificate, key } = authority.sign(altNames.replaceAll(/\W/g, ''), altNames)
  judge = await startOpenAiServer({
    answer: () => ({ kind: 'content', content: '{"evidence":[],"reasoning":"Good.","abstain":false,"score":4}' }),
    apiKey: 'sk-test',
    tls: { cert: certificate, key },
  })
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, [script], {
    env: { ...env, JUDGE_URL: judge.url, ...environment },
  })
  return JSON.parse(stdout)
}

test('of an authority that NODE_EXTRA_CA_CERTS names, it is asked and answers', async () => {
  expect(await asked('IP:127.0.0.1', { NODE_EXTRA_CA_CERTS: trusted })).toMatchObject({
    kind: 'answered',
    answer: { score: 4 },
  })
  expect(judge.requests).toHaveLength(1)
})

test('of an authority that nobody named, it is not asked, and the reason says what to do', async () => {
  const outcome = await asked('IP:127.0.0.1', {})
  expect(outcome).toMatchObject({
    kind: 'unreachable',
    detail: expect.stringMatching(
      /^openai\/gpt-5-mini: its certificate is of an authority that is not trusted here: start the worker with NODE_EXTRA_CA_CERTS, .* \([A-Z_]+\)$/,
    ),
  })
  expect(judge.requests).toHaveLength(0)
})

test('of another host, it is not asked, though its authority is trusted', async () => {
  const outcome = await asked('DNS:judge.example', { NODE_EXTRA_CA_CERTS: trusted })
  expect(outcome).toMatchObject({
    kind: 'unreachable',
    detail: expect.stringContaining('its certificate is of another host: the base URL has to name one'),
  })
  expect(judge.requests).toHaveLength(0)
})

describe('a certificate', () => {
  test.each([
    ['CERT_HAS_EXPIRED', 'its certificate has expired: the provider has to renew it (CERT_HAS_EXPIRED)'],
    ['CERT_NOT_YET_VALID', 'its certificate is not valid yet: one of the two clocks is wrong (CERT_NOT_YET_VALID)'],
  ])('that is wrong in time is not tried again: %s', (code, detail) => {
    expect(classifyFailure(Object.assign(new Error('tls'), { code }), 0)).toEqual({ kind: 'permanent', detail })
  })
})
