/**
 * Values that must not be kept, sent in every place of a span by every protocol: none is found in any file, answer, line or message under
 * a policy at the edge; under `redact:` alone none in ClickHouse and in no message.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createTokeniser } from '../../engine/privacy/tokens.ts'
import { traceResponseSchema } from '../../server/schemas.ts'
import { connectInProcess } from '../../storage/traces/in-process.ts'
import { type AssayProcess, startAssay } from '../support/assay-process.ts'
import { type SlackServer, startSlackServer } from '../support/slack-server.ts'
import {
  addressesOf,
  exportByGrpc,
  filesWith,
  logRequest,
  post,
  protobufOf,
  sendByStream,
  spanRequest,
} from './everywhere.ts'

const KEY = 'a key of the tests, long enough for it'
/** In all of them, and in nothing else. */
const MARK = randomBytes(6).toString('hex')
const canary = (place: string): string => `CANARY-${MARK}-${place}`
const USER = `user-${MARK}@example.org`
const EVALS = (redact: string): string => `package guard
pattern canary = /CANARY-[A-Za-z0-9-]+/
online eval leaks { on: llm_call  pass: not (output.text matches canary)  missing: unknown  ${redact} }
online eval any { on: llm_call  pass: duration < 0s }
alert told { on: any  when: count(fail) >= 1 over 1h  severity: page  notify: slack("#ops") }
alert leaking { on: leaks  when: count(fail) >= 1 over 1h  severity: page  notify: slack("#ops") }
`
const traceIdOf = (index: number): string => index.toString(16).padStart(32, '0')
const TRACES = [1, 2, 3, 4, 5, 6].map(traceIdOf)
const wait = (look: () => void | Promise<void>) => vi.waitFor(look, { timeout: 30_000, interval: 50 })

interface Run {
  assay: AssayProcess
  slack: SlackServer
  folder: string
  answers: string[]
}

async function start(evals: string, config: string): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-canaries-'))
  mkdirSync(join(folder, 'evals'))
  writeFileSync(join(folder, 'evals', 'guard.eval'), evals)
  writeFileSync(join(folder, 'assay.yaml'), config)
  const slack = await startSlackServer()
  const assay = await startAssay({
    timeoutMs: 60_000,
    dataDir: join(folder, 'data'),
    evals: [join(folder, 'evals')],
    args: ['--config', join(folder, 'assay.yaml')],
    env: {
      ASSAY_SLACK_WEBHOOK_URL: slack.url('/ops'),
      ASSAY_ALERTS_ALLOW_PRIVATE: '127.0.0.1',
      ASSAY_PRIVACY_KEY: KEY,
    },
  })
  return { assay, slack, folder, answers: [] }
}

/** By every protocol, one trace each. */
async function sendAll({ assay, answers }: Run): Promise<void> {
  const { http, grpc } = addressesOf(assay)
  const request = (index: number): object => spanRequest(TRACES[index]!, canary, USER)
  const sent = [
    await post(`${http}/v1/traces`, protobufOf(request(0)), 'application/x-protobuf'),
    await post(`${http}/v1/traces`, JSON.stringify(request(1)), 'application/json'),
    await exportByGrpc(grpc, protobufOf(request(2))),
    await post(`${http}/v1/spans`, JSON.stringify({ spans: [nativeSpan(TRACES[3]!)] }), 'application/json'),
  ]
  expect(sent.map(({ status }) => status)).toEqual([200, 200, 0, 200])
  // Of a span that says nothing itself: what it was given and answered comes apart from it.
  const silent = { ...nativeSpan(TRACES[5]!), input: undefined, output: undefined }
  const logs = [
    await post(`${http}/v1/spans`, JSON.stringify({ spans: [silent] }), 'application/json'),
    await post(`${http}/v1/logs`, logRequest(TRACES[5]!, 'aa'.repeat(8), canary), 'application/x-protobuf'),
  ]
  expect(logs.map(({ status }) => status)).toEqual([200, 200])
  expect(logs[1]!.text).toContain('log records were left out: 1 of no event')
  answers.push(...logs.map(({ text }) => text))
  const acknowledged = await sendByStream(http, { type: 'spans', batch: 1, spans: [nativeSpan(TRACES[4]!)] })
  expect(acknowledged).toContain('"ack"')
  answers.push(...sent.map(({ text }) => text), acknowledged)
}

const nativeSpan = (traceId: string): object => ({
  traceId,
  spanId: 'aa'.repeat(8),
  kind: 'llm',
  name: canary('native-name'),
  status: 'error',
  statusMessage: canary('native-status'),
  user: { id: USER },
  session: { id: `session of ${USER}` },
  input: { text: canary('native-input') },
  output: { text: canary('native-output') },
  tool: { name: canary('native-tool'), arguments: JSON.stringify({ x: canary('native-arguments') }) },
  retrieval: { query: canary('native-query'), documents: [{ id: 'd', text: canary('native-document') }] },
  attributes: { 'http.request.header.cookie': canary('native-dropped'), deep: { list: [canary('native-deep')] } },
})

/** Bodies that are refused, with a canary where the mistake is. */
async function sendMalformed({ assay, answers }: Run): Promise<void> {
  const { http, grpc } = addressesOf(assay)
  const bad = canary('malformed')
  const json = [
    `{"resourceSpans": ${bad}}`,
    `${bad}`,
    JSON.stringify({ resourceSpans: bad }),
    JSON.stringify({ [bad]: [] }),
    JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: bad, spanId: bad }] }] }] }),
    JSON.stringify({
      resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: TRACES[0], spanId: 'aa'.repeat(8), kind: bad }] }] }],
    }),
    JSON.stringify(spanRequest(bad, canary, USER)),
  ]
  const spans = [
    `{"spans": [${bad}]}`,
    JSON.stringify({ spans: bad }),
    JSON.stringify({ spans: [{ kind: bad }] }),
    JSON.stringify({ spans: [{ kind: 'llm', startTime: bad, endTime: bad }] }),
    JSON.stringify({ spans: [{ kind: 'llm', name: { text: bad } }] }),
  ]
  const cut = protobufOf(spanRequest(TRACES[0]!, canary, USER)).subarray(0, -7)
  for (const body of json) answers.push((await post(`${http}/v1/traces`, body, 'application/json')).text)
  for (const body of spans) answers.push((await post(`${http}/v1/spans`, body, 'application/json')).text)
  for (const body of [cut, Buffer.from(bad)]) {
    answers.push((await post(`${http}/v1/traces`, body, 'application/x-protobuf')).text)
    answers.push((await exportByGrpc(grpc, body)).text)
    answers.push((await post(`${http}/v1/logs`, body, 'application/x-protobuf')).text)
    answers.push((await post(`${http}/v1/metrics`, body, 'application/json')).text)
  }
  answers.push((await post(`${http}/v1/traces`, bad, bad)).text)
  answers.push((await post(`${http}/v1/${bad}`, bad, 'application/json')).text)
  answers.push(await sendByStream(http, `{"type": ${bad}`), await sendByStream(http, { type: bad }))
  answers.push(await sendByStream(http, { type: 'spans', batch: 1, spans: [{ kind: bad }] }))
}

async function shown(assay: AssayProcess): Promise<string> {
  const texts: string[] = []
  for (const path of [
    ...TRACES.map((id) => `/v1/traces/${id}`),
    '/v1/results?limit=1000',
    '/v1/dead-letters',
    '/v1/audit',
    '/health',
  ])
    texts.push(await (await fetch(assay.apiUrl + path)).text())
  return texts.join('\n')
}

async function allStored(assay: AssayProcess): Promise<void> {
  await wait(async () => {
    for (const id of TRACES) {
      const answer = await (await fetch(`${assay.apiUrl}/v1/traces/${id}`)).json()
      const parsed = traceResponseSchema.safeParse(answer)
      expect(parsed.success && parsed.data.spans[0]?.results?.length).toBeGreaterThan(0)
    }
  })
}

/** Every column of every row: files of ClickHouse are compressed. */
async function everythingStored(folder: string): Promise<string> {
  const client = await connectInProcess(join(folder, 'data', 'traces', 'chdb'))
  try {
    const texts: string[] = []
    for (const table of ['spans', 'messages', 'results']) {
      const answer = await client.query({ query: `SELECT * FROM assay.${table}`, format: 'JSONEachRow' })
      texts.push(await answer.text())
    }
    return texts.join('\n')
  } finally {
    await client.close()
  }
}

const messagesOf = (slack: SlackServer): string => JSON.stringify(slack.messages)

describe('a policy at the edge', () => {
  let run: Run
  beforeAll(async () => {
    const config = `privacy:
  key: env:ASSAY_PRIVACY_KEY
  drop: [http.request.header.*]
  tokenise: [user, session]
  mask: ["/CANARY-[A-Za-z0-9-]+/"]
`
    run = await start(EVALS(''), config)
    await sendMalformed(run)
    await sendAll(run)
    await allStored(run.assay)
    await wait(() => expect(messagesOf(run.slack)).toContain('told'))
  }, 150_000)
  afterAll(async () => {
    await run.assay.kill()
    await run.slack.close()
    rmSync(run.folder, { recursive: true, force: true })
  })

  test('what the API shows, what was answered and what was sent on holds no value', async () => {
    const seen = await shown(run.assay)
    expect(seen).toContain(createTokeniser(KEY, 'default')(USER))
    expect(run.answers.length).toBeGreaterThan(25)
    for (const text of [seen, ...run.answers, messagesOf(run.slack), run.assay.output()])
      expect(text).not.toContain(MARK)
  })

  test('no file of the data folder and no row holds one', async () => {
    expect(await run.assay.stop()).toBe(0)
    expect(run.assay.output()).not.toContain(MARK)
    expect(filesWith(join(run.folder, 'data'), [MARK])).toEqual([])
    const rows = await everythingStored(run.folder)
    expect(rows).toContain(createTokeniser(KEY, 'default')(USER))
    // The messages that came as log events, masked.
    expect(rows).toMatch(/"event_key":.*my secret is/)
    expect(rows).not.toContain(MARK)
  }, 60_000)
})

describe('`redact:` alone', () => {
  let run: Run
  beforeAll(async () => {
    run = await start(EVALS('redact: output.text, input.text'), 'logging: { level: info }\n')
    await sendAll(run)
    await allStored(run.assay)
    await wait(() => expect(messagesOf(run.slack)).toContain('leaking'))
  }, 150_000)
  afterAll(async () => {
    await run.assay.kill()
    await run.slack.close()
    rmSync(run.folder, { recursive: true, force: true })
  })

  /** Names, ids, keys and what is of no span are left to the edge: docs/privacy.md. */
  const LEFT =
    /CANARY-[0-9a-f]{12}-(?:name|native-name|native-tool|event|key|map-key|scope|scope-version|resource|link-attribute)\b(?!-)/g

  test('messages hold none, ClickHouse those alone that it is not for, and the log all', async () => {
    expect(messagesOf(run.slack)).not.toContain(`CANARY-${MARK}`)
    expect(run.assay.output()).not.toContain(MARK)
    expect(await run.assay.stop()).toBe(0)
    const rows = await everythingStored(run.folder)
    expect(
      rows.match(/CANARY-[0-9a-f]{12}[\w-]*/g)?.filter((found) => !new RegExp(`^${LEFT.source}$`).test(found)) ?? [],
    ).toEqual([])
    expect(filesWith(join(run.folder, 'data', 'log', 'topics'), [canary('output')])).not.toEqual([])
  }, 60_000)
})
