/** The API over HTTP on a real store. */

import { mkdtempSync, rmSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AlertPlan, type EvalPlan, PLAN_VERSION, type Plan, type ScorecardPlan } from '../dsl/plan.ts'
import { makeResult } from '../engine/model/make-result.ts'
import { makeSpan } from '../engine/model/make-span.ts'
import { SAMPLE_SCORECARD } from '../engine/scorecard/sample.ts'
import { type Keys, openKeys } from '../storage/access/keys.ts'
import { openAlerts } from '../storage/alerts/open-alerts.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { DEAD_LETTERS, onlineTopics, replayTopics } from '../storage/log/topics.ts'
import type { RunNowOutcome, RunView } from '../storage/queue/offline-control.ts'
import type { RunsAsked } from '../storage/queue/port.ts'
import { NO_OUTCOME } from '../storage/queue/run-record.ts'
import { openReplays } from '../storage/replays/replays.ts'
import { openPostedScorecards, type PostedScorecards } from '../storage/scorecards/posted.ts'
import { DEFAULT_LIMITS } from '../storage/traces/limits.ts'
import { openTraces } from '../storage/traces/open.ts'
import type { TracesStore } from '../storage/traces/port.ts'
import { noPii } from '../test/support/no-pii.ts'
import { openGate } from '../test/support/open-gate.ts'
import { type Api, type HealthInfo, startApi, startHealth } from './api.ts'
import type { Judging } from './api-context.ts'
import { offlineRunsResponseSchema } from './offline-schemas.ts'
import {
  type BackupJson,
  backupSchema,
  evalsResponseSchema,
  healthSchema,
  indexResponseSchema,
  judgingResponseSchema,
  problemSchema,
  replaySchema,
  replaysResponseSchema,
  resultsResponseSchema,
  silenceJsonSchema,
  traceResponseSchema,
  usageResponseSchema,
} from './schemas.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const traceId = 'ab'.repeat(16)
const rootId = '00000000000000a1'
const callId = '00000000000000a2'

const common = {
  package: 'shop',
  title: null,
  owner: '@shop',
  mode: 'live',
  was: [] as string[],
  measureHash: 'aa'.repeat(16),
  verdictHash: 'bb'.repeat(16),
  file: 'shop.eval',
  line: 3,
  pass: { op: 'literal', type: { kind: 'bool' }, value: true },
  missing: null,
} as const

const online = (name: string): EvalPlan => ({
  ...common,
  kind: 'online',
  id: `shop/${name}`,
  name,
  scope: { subject: 'llm_call', where: null, traceWhere: null },
  when: 'arrival',
  score: { op: 'field', path: 'duration', type: { kind: 'duration' } },
  redact: null,
})

const offline: EvalPlan = {
  ...common,
  kind: 'offline',
  id: 'shop/helpful',
  name: 'helpful',
  schedule: { cron: '0 6 * * *', timeZone: 'UTC' },
  sample: { size: 20, scope: { subject: 'trace', where: null, traceWhere: null }, overNs: 3.6e12, by: [] },
  method: {
    kind: 'rubric',
    judge: { models: ['openai/gpt-5-mini'], fallbacks: [], take: null },
    show: ['input.text'],
    scale: { low: 1, high: 5 },
    rubric: 'good',
  },
  labels: null,
  budget: null,
}

const alert: AlertPlan = {
  kind: 'alert',
  id: 'shop/leak',
  name: 'leak',
  package: 'shop',
  title: 'Leak',
  owner: null,
  mode: 'live',
  was: [],
  on: { kind: 'eval', evalId: 'shop/no_pii' },
  by: [{ kind: 'field', path: 'agent.version' }],
  when: {
    kind: 'threshold',
    measure: { kind: 'count', verdict: 'fail', type: { kind: 'int' } },
    cmp: '>=',
    value: 1,
    overNs: 600e9,
  },
  falseAlarms: null,
  forNs: 0,
  severity: 'page',
  notify: [{ receiver: 'slack', target: '#shop' }],
  noData: { kind: 'keep' },
  conditionHash: '',
  file: 'shop.eval',
  line: 20,
}

const scorecard: ScorecardPlan = {
  kind: 'scorecard',
  id: 'shop/helpful',
  name: 'helpful',
  package: 'shop',
  title: null,
  owner: null,
  mode: 'live',
  schedule: { cron: '0 9 * * 1', timeZone: 'UTC' },
  overNs: 7 * 86_400e9,
  versusNs: null,
  rows: [],
  notify: [],
  file: 'shop.eval',
  line: 30,
}

const plan: Plan = {
  version: PLAN_VERSION,
  patterns: [],
  evals: [online('no_pii'), online('unused'), offline, online('changed')],
  alerts: [alert],
  scorecards: [scorecard],
  tests: [],
  files: ['shop.eval', 'assay:pii'],
  hash: 'cc'.repeat(32),
}

let folder: string
let traces: TracesStore
let api: Api
let scorecards: PostedScorecards
const runningBackup: BackupJson = {
  id: '0',
  to: '/backups/one',
  state: 'running',
  startedAt: '2026-11-21T12:00:00.000Z',
  progress: 0.5,
  text: 'spans 202611, 1200 rows',
}
let log: EmbeddedLog
let keys: Keys
let health: HealthInfo
let judging: Judging = { level: 'no_provider', shared: true, providers: [] }
let runOutcome: RunNowOutcome = { ok: true, runId: 'shop/helpful@now', isKnown: false }
const problems: string[] = []
const runOfShop: RunView = {
  job: {
    tenant: 'default',
    evalId: 'shop/helpful',
    runId: 'shop/helpful@2026-11-03T0600Z',
    slotMs: Date.parse('2026-11-03T06:00:00Z'),
    trigger: 'schedule',
  },
  state: 'active',
  enqueuedAtMs: nowMs,
  endedAtMs: null,
  plan: {
    populationTraces: 900,
    lookedAtTraces: 120,
    sampled: 100,
    unpaid: 10,
    cheaper: 0,
    holdBackMicroUsd: 0,
    estimateMicroUsd: 1_200_000,
    budgetMicroUsd: 1_000_000,
  },
  batches: { all: 4, done: 1, failed: 0 },
  outcome: { ...NO_OUTCOME, pass: 20, fail: 5, costMicroUsd: 250_000 },
  error: null,
  cancelledSinceMs: null,
}
const noControl = {
  pause: async () => ({ ok: true }) as const,
  resume: async () => ({ ok: true }) as const,
  cancel: async () => ({ ok: true }) as const,
  status: async () => [],
  // Newest first, behind `after`: as the queues' contract has it.
  runs: async (_tenant: string, { after, limit }: RunsAsked) =>
    [2, 1, 0]
      .map((n) => ({ ...runOfShop, enqueuedAtMs: nowMs + n, job: { ...runOfShop.job, runId: `shop/helpful@${n}` } }))
      .filter(({ enqueuedAtMs }) => after === undefined || enqueuedAtMs < after.enqueuedAtMs)
      .slice(0, limit),
  run: async (_tenant: string, runId: string): Promise<RunView> => {
    if (runId === 'shop/dear@1') return { ...runOfShop, outcome: { ...NO_OUTCOME, pass: 20, unpriced: 19 } }
    if (runId === 'shop/computed@1') return { ...runOfShop, plan: null, outcome: { ...NO_OUTCOME, pass: 20 } }
    return runOfShop
  },
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-api-'))
  traces = await openTraces({ dataDir: folder })
  await traces.migrate()
  const span = { traceId, startTimeUs: nowMs * 1000, convention: 'otel_genai' } as const
  await traces.insertSpans(
    [
      makeSpan({
        ...span,
        spanId: rootId,
        kind: 'agent',
        name: 'invoke_agent shop',
        agentName: 'shop',
        sessionId: 'cart',
      }),
      makeSpan({
        ...span,
        spanId: callId,
        parentSpanId: rootId,
        kind: 'llm',
        name: 'chat gpt',
        startTimeUs: nowMs * 1000 + 5,
        durationNs: 1_500_000,
        outputText: 'Write to *****************.',
        attributes: new Map([['acme.tier', 'gold']]),
      }),
    ],
    'spans-1',
  )
  const result = { traceId, subjectTimeUs: nowMs * 1000, agentName: 'shop', measureHash: 'aa'.repeat(16) }
  await traces.insertResults(
    [
      makeResult({
        ...result,
        evalId: 'shop/no_pii',
        spanId: callId,
        subjectKind: 'llm_call',
        verdict: 'fail',
        score: 1.5,
        evaluatedAtMs: nowMs - 60_000,
        evidence: [{ field: 'output.text', start: 9, end: 26, pattern: 'pii.email', masked: 'a***@e***.com' }],
      }),
      makeResult({ ...result, evalId: 'shop/no_pii', spanId: rootId, subjectKind: 'llm_call', evaluatedAtMs: nowMs }),
      makeResult({
        ...result,
        evalId: 'shop/no_pii',
        traceId: 'cd'.repeat(16),
        spanId: callId,
        subjectKind: 'llm_call',
        verdict: 'unknown',
        reason: { code: 'not_captured', field: 'output.text' },
        evaluatedAtMs: nowMs - 7_200_000,
      }),
      makeResult({
        ...result,
        evalId: 'shop/helpful',
        spanId: '',
        verdict: 'pass',
        score: 4,
        explanation: 'Solved.',
        judgeModel: 'gpt-5-mini-2025-08-07',
        judgeInputTokens: 100,
        runId: 'shop/helpful@2026-11-21T1200Z',
        inclusionProbability: 0.5,
        evaluatedAtMs: nowMs,
      }),
      // Of a measure that is no longer in force.
      makeResult({
        ...result,
        evalId: 'shop/no_pii',
        traceId: 'de'.repeat(16),
        spanId: callId,
        subjectKind: 'llm_call',
        measureHash: 'dd'.repeat(16),
        verdict: 'fail',
        score: 3,
        evaluatedAtMs: nowMs - 36_000_000,
      }),
      makeResult({
        ...result,
        evalId: 'shop/changed',
        traceId: 'de'.repeat(16),
        measureHash: 'dd'.repeat(16),
        evaluatedAtMs: nowMs - 36_000_000,
      }),
    ],
    'results-1',
  )
  health = { status: 'ok', components: [{ name: 'traces', state: 'ok' }] }
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics([...onlineTopics, ...replayTopics])
  await log.append(DEAD_LETTERS, [{ key: null, value: new Uint8Array(1), headers: { source: 'agent-traces/0/0' } }])
  keys = await openKeys({ log, nowMs: () => nowMs, onProblem: (message) => problems.push(message) })
  scorecards = await openPostedScorecards({ log, onProblem: (message) => problems.push(message) })
  const posted = { ...SAMPLE_SCORECARD, id: 'shop/helpful' }
  await scorecards.put('default', { slotMs: nowMs, postedAtMs: nowMs, receivers: [], scorecard: posted })
  api = await startApi({
    scorecards,
    gate: openGate,
    host: '127.0.0.1',
    port: 0,
    traces,
    log,
    keys,
    replays: openReplays({ log, traces, nowMs: () => nowMs }),
    receiverLack: ({ receiver, target }) => `set ${receiver} ${target}`,
    alerts: await openAlerts({ log, nowMs: () => nowMs, onProblem: () => {} }),
    integrity: {
      check: async () => expect.fail('nobody asks for one'),
      kept: async () => [],
    },
    erase: async () => expect.fail('nobody asks for one'),
    backups: {
      start: async () => ({ ok: true, backup: runningBackup }),
      get: (id) => (id === runningBackup.id ? runningBackup : null),
      stop: (id) => (id === runningBackup.id ? { ...runningBackup, state: 'stopped' } : null),
    },
    status: async () => health,
    definitions: {
      current: () => ({
        plan,
        loadedAtMs: nowMs,
        diagnostics: [{ severity: 'warning', code: 'W0310', message: 'slow', file: 'shop.eval', line: 4, column: 7 }],
      }),
    },
    evalLedger: async () => [
      { evalId: 'shop/no_pii', pass: 1, fail: 1, unknown: 1, error: 0, filtered: 12, filteredUnknown: 2 },
    ],
    offline: { ...noControl, runNow: async () => runOutcome },
    judging: async () => judging,
    pii: noPii,
    nowMs: () => nowMs,
    onProblem: (message) => problems.push(message),
  })
}, 30_000)

afterAll(async () => {
  await api.drain()
  await keys.close()
  await scorecards.close()
  await traces.close()
  await log.close()
  rmSync(folder, { recursive: true, force: true })
})

test('a query that meets a limit is told which, and is no failure of Assay', async () => {
  const limits = { ...DEFAULT_LIMITS, api: { ...DEFAULT_LIMITS.api, rows: 1 } }
  const bounded = await openTraces({ dataDir: folder, limits })
  const definitions = { current: () => ({ plan, loadedAtMs: nowMs, diagnostics: [] }) }
  const status = async () => health
  const context = {
    gate: openGate,
    host: '127.0.0.1',
    port: 0,
    log,
    status,
    definitions,
    nowMs: () => nowMs,
  }
  const small = await startApi({ ...context, traces: bounded, onProblem: (message) => problems.push(message) })
  const response = await fetch(`http://127.0.0.1:${small.port}/v1/traces/${traceId}`)
  expect(response.status).toBe(422)
  expect(await response.json()).toEqual({
    type: 'about:blank',
    title: 'Unprocessable Content',
    status: 422,
    detail: 'the answer has more than the 1 rows that one may have; ask for fewer',
  })
  expect(problems).toEqual([])
  await small.drain()
  await bounded.close()
})

async function get(path: string, init?: RequestInit): Promise<{ status: number; type: string | null; body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${api.port}${path}`, init)
  return { status: response.status, type: response.headers.get('content-type'), body: await response.json() }
}

const postReplay = (body: unknown) =>
  get('/v1/replays', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

const NO_LEVELS = { cached: 0, orElse: 0, cheaper: 0, proxy: 0 }

describe('/v1/replays', () => {
  test('a dry run tells what would be read, and asks for nothing', async () => {
    const { status, body } = await postReplay({ from: '24h', evals: ['shop/no_pii'], dryRun: true })
    expect(status).toBe(200)
    expect(body).toMatchObject({ dryRun: true, source: 'log', evals: ['shop/no_pii'], estimate: { records: 0 } })
    expect(replaysResponseSchema.parse((await get('/v1/replays')).body).replays).toEqual([])
  })

  test.each([
    [{}, 'from: '],
    [{ from: 'yesterday' }, 'from: "yesterday" is not a duration'],
    [{ from: '1h', form: 1 }, 'the body: Unrecognized key: "form"'],
    [{ from: '1h', evals: ['shop/helpful'] }, 'shop/helpful is an offline eval'],
    [{ from: '1h', plan: { version: 1 } }, 'plan: '],
    [{ from: '1h', spansPerSecond: 0 }, 'spansPerSecond: '],
  ])('%o is refused, with what is wrong', async (ask, detail) => {
    const { status, body } = await postReplay(ask)
    expect(status).toBe(400)
    expect(problemSchema.parse(body).detail).toContain(detail)
  })
})

describe('GET /v1/traces/{traceId}', () => {
  test('shows the spans in the shape of the conventions, each with its verdicts', async () => {
    const { status, body } = await get(`/v1/traces/${traceId}`)
    expect(status).toBe(200)
    const trace = traceResponseSchema.parse(body)
    expect(trace.spans.map(({ spanId }) => spanId)).toEqual([rootId, callId])
    expect(trace.spans[1]).toMatchObject({
      parentSpanId: rootId,
      kind: 'llm',
      startTime: '2026-11-21T12:00:00.000005Z',
      durationMs: 1.5,
      output: { text: 'Write to *****************.' },
      attributes: { 'acme.tier': 'gold' },
      results: [{ eval: 'shop/no_pii', verdict: 'fail', revision: 1, evidence: [{ masked: 'a***@e***.com' }] }],
    })
    expect(trace.spans[0]?.results).toMatchObject([{ verdict: 'pass', evidence: [] }])
    expect(trace.results).toEqual([
      {
        eval: 'shop/helpful',
        traceId,
        subject: 'trace',
        subjectTime: '2026-11-21T12:00:00.000000Z',
        verdict: 'pass',
        score: 4,
        evidence: [],
        explanation: 'Solved.',
        revision: 1,
        evaluatedAt: '2026-11-21T12:00:00.000Z',
        mode: 'live',
        measureHash: 'aa'.repeat(16),
        verdictHash: '',
        agent: { name: 'shop' },
        judge: { model: 'gpt-5-mini-2025-08-07', inputTokens: 100 },
        runId: 'shop/helpful@2026-11-21T1200Z',
        inclusionProbability: 0.5,
      },
    ])
  })

  test('an id in capitals is the same id', async () => {
    expect((await get(`/v1/traces/${traceId.toUpperCase()}`)).status).toBe(200)
  })

  test.each([
    ['an unknown trace', 'ef'.repeat(16), 404, `there is no trace ${'ef'.repeat(16)}`],
    ['a malformed id', 'xyz', 400, 'traceId: "xyz" is not a trace id: 32 hex digits'],
    ['an id that is too long', `${traceId}00`, 400, `traceId: "${traceId}00" is not a trace id: 32 hex digits`],
  ])('%s is a problem', async (_, id, status, detail) => {
    const answer = await get(`/v1/traces/${id}`)
    expect(answer.type).toBe('application/problem+json')
    expect(problemSchema.parse(answer.body)).toMatchObject({ type: 'about:blank', status, detail })
    expect(answer.status).toBe(status)
  })
})

describe('GET /v1/usage', () => {
  test('counts spans, bytes and judges by day and agent', async () => {
    const { status, body } = await get('/v1/usage')
    expect(status).toBe(200)
    const { from, to, usage } = usageResponseSchema.parse(body)
    expect([from, to]).toEqual(['2026-10-23', '2026-11-21'])
    expect(usage.every(({ tenant }) => tenant === 'default')).toBe(true)
    const judged = usage.find(({ judgeInputTokens }) => judgeInputTokens > 0)
    expect(judged).toMatchObject({ day: '2026-11-21', agent: 'shop', judgeInputTokens: 100, judgeOutputTokens: 0 })
    expect(usage.reduce((sum, { spans }) => sum + spans, 0)).toBeGreaterThan(0)
    expect(usageResponseSchema.parse((await get('/v1/usage?to=2026-01-01')).body)).toEqual({
      from: '2025-12-03',
      to: '2026-01-01',
      usage: [],
    })
  })

  test('of all tenants to whoever runs Assay', async () => {
    expect((await get('/v1/usage?all=true&from=7d')).status).toBe(200)
  })

  test.each([
    ['?from=soon', 'from: "soon" is not a day such as 2026-01-31'],
    ['?from=2026-02-01&to=2026-01-01', 'from: is after to'],
    ['?day=today', 'there is no such parameter; there are from, to, all'],
    ['?all=yes', 'all: must be true or false'],
  ])('%s is refused', async (query, detail) => {
    const { status, body } = await get(`/v1/usage${query}`)
    expect(status).toBe(400)
    expect(problemSchema.parse(body).detail).toContain(detail)
  })
})

describe('GET /v1/results', () => {
  test.each([
    ['', 6],
    ['?eval=shop/no_pii', 4],
    ['?verdict=unknown', 1],
    [`?trace=${traceId}`, 3],
    ['?since=10m', 3],
    ['?since=2026-11-21T09:30:00Z', 4],
    ['?since=2026-11-21T13:59:30%2B02:00', 2],
    ['?limit=1', 1],
    ['?eval=shop/no_pii&verdict=fail&since=1h', 1],
    ['?eval=shop/nothing', 0],
  ])('%s gives %d', async (query, count) => {
    const { status, body } = await get(`/v1/results${query}`)
    expect(status).toBe(200)
    expect(resultsResponseSchema.parse(body).results).toHaveLength(count)
  })

  test('in pages that meet without a gap', async () => {
    const all = resultsResponseSchema.parse((await get('/v1/results')).body)
    expect(all.next).toBeUndefined()
    const paged = []
    for (let query: string | null = '?limit=4'; query !== null; ) {
      const page = resultsResponseSchema.parse((await get(`/v1/results${query}`)).body)
      paged.push(...page.results)
      query = page.next === undefined ? null : `?limit=4&after=${page.next}`
    }
    expect(paged).toEqual(all.results)
  })

  test('the newest come first, an undecided one with its reason', async () => {
    const { results } = resultsResponseSchema.parse((await get('/v1/results?eval=shop/no_pii')).body)
    expect(results.map(({ verdict }) => verdict)).toEqual(['pass', 'fail', 'unknown', 'fail'])
    expect(results[2]?.reason).toEqual({ code: 'not_captured', field: 'output.text' })
  })

  test('a score has its unit where the definition that measured it is in force', async () => {
    const { results } = resultsResponseSchema.parse((await get('/v1/results?eval=shop/no_pii')).body)
    expect(results.map(({ score, scoreUnit }) => [score, scoreUnit])).toEqual([
      [undefined, undefined],
      [1.5, 'ms'],
      [undefined, undefined],
      [3, undefined],
    ])
  })

  test.each([
    ['?since=yesterday', 'since', '"yesterday" is not a duration such as 10m or 24h'],
    ['?since=2026-13-45T00:00:00Z', 'since', 'nor a time such as'],
    ['?since=999999999w', 'since', '"999999999w" is not a duration such as 10m or 24h'],
    ['?since=3000w', 'since', 'it may reach back to 1970'],
    ['?since=9999-12-31T23:59:59Z', 'since', '"9999-12-31T23:59:59Z" is not'],
    ['?verdict=failed', 'verdict', '"failed" is not a verdict: pass, fail, unknown, error'],
    ['?limit=0', 'limit', '"0" is not a whole number from 1 to 1000'],
    ['?limit=1001', 'limit', '"1001" is not a whole number from 1 to 1000'],
    ['?limit=5000000', 'limit', '"5000000" is not a whole number from 1 to 1000'],
    ['?after=x', 'after', '"x" is not a cursor'],
    [`?after=${Buffer.from('[1]').toString('base64url')}`, 'after', 'is not a cursor: what `next` was'],
    ['?limit=many', 'limit', '"many" is not a whole number'],
    ['?trace=12', 'trace', '"12" is not a trace id: 32 hex digits'],
    ["?eval=a'/b", 'eval', `"a'/b" is not an eval: package/name`],
    [
      '?evals=shop/no_pii',
      'evals',
      'there is no such parameter; there are eval, verdict, agent, trace, since, run, order, after, limit',
    ],
    [`?eval=${'x'.repeat(99)}`, 'eval', `"${'x'.repeat(40)}…" is not an eval`],
  ])('%s is refused, with the parameter, what it was and what may be', async (query, parameter, message) => {
    const { status, body } = await get(`/v1/results${query}`)
    expect(status).toBe(400)
    const { detail, errors } = problemSchema.parse(body)
    expect(errors?.map((error) => error.parameter)).toEqual([parameter])
    expect(errors?.[0]?.message).toContain(message)
    expect(detail).toBe(`${parameter}: ${errors?.[0]?.message}`)
  })
})

test('GET /v1/evals shows what is in force with its ledger, and says what never matched', async () => {
  const body = evalsResponseSchema.parse((await get('/v1/evals')).body)
  expect(body).toMatchObject({
    hash: plan.hash,
    loadedAt: '2026-11-21T12:00:00.000Z',
    files: ['shop.eval', 'assay:pii'],
    diagnostics: [{ severity: 'warning', code: 'W0310', line: 4, column: 7 }],
    alerts: [
      {
        id: 'shop/leak',
        on: 'shop/no_pii',
        when: 'count(fail) >= 1 over 10m',
        by: ['agent.version'],
        severity: 'page',
        notify: [{ receiver: 'slack', target: '#shop', lacks: 'set slack #shop' }],
      },
    ],
  })
  expect(body.evals).toMatchObject([
    {
      id: 'shop/no_pii',
      kind: 'online',
      subject: 'llm_call',
      when: 'arrival',
      owner: '@shop',
      scoreUnit: 'ms',
      matched: 3,
      filtered: 12,
      filteredUnknown: 2,
      verdicts: { pass: 1, fail: 1, unknown: 1, error: 0 },
      passRate: 0.5,
    },
    { id: 'shop/unused', matched: 0, passRate: null, coverage: null },
    {
      id: 'shop/helpful',
      kind: 'offline',
      when: { cron: '0 6 * * *', timeZone: 'UTC' },
      matched: 1,
      coverage: 1,
      scoreUnit: null,
    },
    { id: 'shop/changed', matched: 0, note: expect.stringContaining('since what it measures was changed') as string },
  ])
  expect(body.evals[0]?.coverage).toBeCloseTo(2 / 3)
  expect(body.evals[0]).not.toHaveProperty('note')
  expect(body.evals[1]?.note).toContain('never matched')
  expect(body.evals[2]).not.toHaveProperty('filtered')
})

describe('POST /v1/evals/{package}/{name}/run', () => {
  const post = (path: string, headers: Record<string, string> = {}) => get(path, { method: 'POST', headers })

  test('starts an offline eval', async () => {
    const { status, body } = await post('/v1/evals/shop/helpful/run')
    expect({ status, body }).toEqual({ status: 202, body: { eval: 'shop/helpful', runId: 'shop/helpful@now' } })
  })

  test('adds none where one of that slot is known', async () => {
    const before = runOutcome
    runOutcome = { ok: true, runId: 'shop/helpful@slot', isKnown: true }
    try {
      const { port } = api
      const response = await fetch(`http://127.0.0.1:${port}/v1/evals/shop/helpful/run`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ at: 'slot' }),
      })
      expect({ status: response.status, body: await response.json() }).toEqual({
        status: 200,
        body: { eval: 'shop/helpful', runId: 'shop/helpful@slot', known: true },
      })
    } finally {
      runOutcome = before
    }
  })

  test.each([
    ['/v1/evals/shop/nothing/run', 404],
    ['/v1/evals/shop/no_pii/run', 409],
  ])('%s is %d', async (path, status) => {
    expect((await post(path)).status).toBe(status)
  })

  test.each([
    [{ since: '2026-01-01T00:00:00Z' }, 202],
    [{ until: '1h' }, 400],
    [{ since: '1h', until: '2h' }, 400],
    [{ at: 'slot', since: '1h' }, 400],
    [{ sinc: '1h' }, 400],
  ])('over a window of its own: %j is %d', async (window, status) => {
    const { port } = api
    const response = await fetch(`http://127.0.0.1:${port}/v1/evals/shop/helpful/run`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(window),
    })
    expect(response.status).toBe(status)
  })

  test('is paused and goes on', async () => {
    expect(await post('/v1/evals/shop/helpful/pause')).toMatchObject({ status: 200, body: { paused: true } })
    expect(await post('/v1/evals/shop/helpful/resume')).toMatchObject({ status: 200, body: { paused: false } })
  })

  test('lists its runs in pages that meet without a gap', async () => {
    const first = offlineRunsResponseSchema.parse((await get('/v1/offline/runs?limit=2')).body)
    expect(first.runs.map(({ runId }) => runId)).toEqual(['shop/helpful@2', 'shop/helpful@1'])
    const second = offlineRunsResponseSchema.parse((await get(`/v1/offline/runs?limit=2&after=${first.next}`)).body)
    expect(second.runs.map(({ runId }) => runId)).toEqual(['shop/helpful@0'])
    expect(second.next).toBeUndefined()
  })

  test('tells of its run how far it is', async () => {
    const { status, body } = await get('/v1/offline/runs/shop/helpful@2026-11-03T0600Z')
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        runId: 'shop/helpful@2026-11-03T0600Z',
        eval: 'shop/helpful',
        trigger: 'schedule',
        slot: '2026-11-03T06:00:00.000Z',
        state: 'active',
        enqueuedAt: new Date(nowMs).toISOString(),
        populationTraces: 900,
        lookedAtTraces: 120,
        sampled: 100,
        estimateUsd: 1.2,
        budgetUsd: 1,
        batches: { all: 4, done: 1, failed: 0 },
        outcome: { alreadyJudged: 0, pass: 20, fail: 5, unknown: 0, error: 0, overBudget: 0, left: 0, ...NO_LEVELS },
        spentUsd: 0.25,
      },
    })
    expect(await post('/v1/offline/runs/shop/helpful@2026-11-03T0600Z/cancel')).toMatchObject({ status: 200 })
  })

  test.each([
    ['whose judge has no price, is not known', 'shop/dear@1', null],
    ['that asked nobody, is nothing', 'shop/computed@1', 0],
  ])('what a run spent %s', async (_, runId, spentUsd) => {
    expect((await get(`/v1/offline/runs/${runId}`)).body).toMatchObject({ spentUsd })
  })

  test('says what to configure where no provider is', async () => {
    runOutcome = { ok: false, code: 'no_provider', message: 'Set OPENAI_API_KEY.' }
    const { status, body } = await post('/v1/evals/shop/helpful/run')
    expect({ status, detail: problemSchema.parse(body).detail }).toEqual({ status: 503, detail: 'Set OPENAI_API_KEY.' })
  })

  test('a queue that is not open is no fault of the request: 503, as a problem', async () => {
    runOutcome = { ok: false, code: 'queue_unavailable', message: 'Redis at redis://127.0.0.1:6379 does not answer.' }
    const { status, type, body } = await post('/v1/evals/shop/helpful/run')
    expect({ status, type }).toEqual({ status: 503, type: 'application/problem+json' })
    expect(problemSchema.parse(body)).toMatchObject({
      title: 'Service Unavailable',
      status: 503,
      detail: 'Redis at redis://127.0.0.1:6379 does not answer.',
    })
  })

  test("another site's page may not start it", async () => {
    expect((await post('/v1/evals/shop/helpful/run', { origin: 'https://evil.example' })).status).toBe(403)
  })
})

test('a label with a score that no judge could give is refused by its field, and nothing is stored', async () => {
  const label = (score: number) => ({ eval: 'shop/helpful', traceId, score, by: 'ana' })
  const labels = [label(5), label(-400.5), { ...label(9), verdict: 'pass' }]
  const headers = { 'content-type': 'application/json' }
  const { status, type, body } = await get('/v1/labels', { method: 'POST', headers, body: JSON.stringify({ labels }) })
  expect({ status, type }).toEqual({ status: 400, type: 'application/problem+json' })
  expect(problemSchema.parse(body).errors).toEqual([
    { parameter: 'labels.1.score', message: '-400.5 is no score of shop/helpful, which are 1 to 5' },
    { parameter: 'labels.2.score', message: '9 is no score of shop/helpful, which are 1 to 5' },
  ])
  expect((await get('/v1/labels?eval=shop/helpful')).body).toEqual({ labels: [] })
})

test('GET /v1/judges tells which providers are out, and how judging goes on', async () => {
  expect((await get('/v1/judges')).body).toEqual({ level: 'no_provider', shared: true, providers: [] })
  const failure = { atMs: nowMs, detail: '503 overloaded' }
  judging = {
    level: 'failover',
    shared: false,
    providers: [
      { name: 'local', breaker: 'closed', sinceMs: undefined, lastFailure: undefined },
      { name: 'openai', breaker: 'half_open', sinceMs: nowMs, lastFailure: failure },
    ],
  }
  const at = new Date(nowMs).toISOString()
  const { body } = await get('/v1/judges')
  expect(judgingResponseSchema.parse(body)).toEqual(body)
  expect(body).toEqual({
    level: 'failover',
    shared: false,
    providers: [
      { name: 'local', breaker: 'closed' },
      { name: 'openai', breaker: 'half_open', outSince: at, lastFailure: { at, detail: '503 overloaded' } },
    ],
  })
})

test('a name that was pointed at this machine reads nothing', async () => {
  const status = await new Promise((resolve, reject) => {
    const headers = { host: 'evil.example' }
    request({ host: '127.0.0.1', port: api.port, path: '/v1/results', headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
  expect(status).toBe(403)
})

test.each([
  ['an answer', '/v1/results', {}, 200],
  ['a wrong parameter', '/v1/results?limit=0', {}, 400],
  ['a name that is not ours', '/v1/results', { headers: { host: 'evil.example' } }, 403],
  [
    "another site's page",
    '/v1/evals/shop/helpful/run',
    { method: 'POST', headers: { origin: 'https://evil.example' } },
    403,
  ],
  ['nothing there', '/v1/nothing', {}, 404],
] as const)('%s is neither kept nor guessed at', async (_, path, options, status) => {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ host: '127.0.0.1', port: api.port, path, ...options }, (response) => {
      response.resume()
      resolve(response)
    })
      .on('error', reject)
      .end()
  })
  expect(response.statusCode).toBe(status)
  expect(response.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
})

test('health lives while readiness says when to send', async () => {
  expect(healthSchema.parse((await get('/health')).body).status).toBe('ok')
  expect((await get('/ready')).status).toBe(200)
  health = { status: 'starting', components: [{ name: 'traces', state: 'starting' }] }
  expect((await get('/health')).status).toBe(200)
  expect((await get('/ready')).status).toBe(503)
  health = { status: 'ok', components: [] }
})

test('a backup is asked for, looked at and stopped', async () => {
  const asked = await get('/v1/backups', { method: 'POST', body: JSON.stringify({ to: '/backups/one' }) })
  expect(asked.status).toBe(202)
  expect(backupSchema.parse(asked.body)).toEqual(runningBackup)
  expect((await get('/v1/backups/0')).body).toEqual(runningBackup)
  expect((await get('/v1/backups/0/stop', { method: 'POST' })).body).toMatchObject({ state: 'stopped' })
  expect((await get('/v1/backups/1')).status).toBe(404)
  expect((await get('/v1/backups', { method: 'POST', body: JSON.stringify({ to: 'here' }) })).status).toBe(400)
})

test('GET / lists the routes, each of which there is', async () => {
  const { routes } = indexResponseSchema.parse((await get('/')).body)
  expect(routes.length).toBeGreaterThan(5)
  const { keyId } = await keys.create({ tenant: 'default', role: 'viewer', name: '', expiresAtMs: null, by: 'test' })
  const run = await postReplay({ from: '1h' })
  expect(run.status).toBe(202)
  const { run: runId } = replaySchema.parse(run.body)
  const sample: Readonly<Record<string, string>> = {
    keyId,
    traceId,
    package: 'shop',
    name: 'helpful',
    id: '0',
    session: 'cart',
    run: runId,
    slot: new Date(nowMs).toISOString(),
  }
  const silenced = await fetch(`http://127.0.0.1:${api.port}/v1/silences`, {
    method: 'POST',
    body: JSON.stringify({ matchers: { alert: 'shop/leak' }, minutes: 5, reason: 'a test' }),
  })
  const silence = silenceJsonSchema.parse(await silenced.json())
  for (const { method, path } of routes) {
    const ofPath = path.startsWith('/v1/silences/') ? { ...sample, id: silence.id } : sample
    const asked = path.replace(/\{(\w+)\}/g, (_, name: string) => ofPath[name]!)
    const { status } = await fetch(`http://127.0.0.1:${api.port}${asked}`, { method })
    expect(status, path).not.toBe(404)
  }
})

test('connections are counted while they are open', async () => {
  const told = await startHealth({ host: '127.0.0.1', port: 0, status: async () => health })
  const socket = connect(told.port, '127.0.0.1')
  await expect.poll(() => told.openConnections()).toBe(1)
  socket.destroy()
  await expect.poll(() => told.openConnections()).toBe(0)
  await told.drain()
})

test('what is not there is a problem too', async () => {
  const { status, type } = await get('/v1/nothing')
  expect({ status, type }).toEqual({ status: 404, type: 'application/problem+json' })
})

test('a store that fails is a 500 without its innards, and is reported', async () => {
  const broken = await startApi({
    gate: openGate,
    host: '127.0.0.1',
    port: 0,
    traces: Object.assign(Object.create(traces) as TracesStore, {
      ledger: () => Promise.reject(new Error('connection to 10.0.0.7 refused')),
    }),
    status: async () => health,
    definitions: { current: () => ({ plan, loadedAtMs: nowMs, diagnostics: [] }) },
    nowMs: () => nowMs,
    onProblem: (message) => problems.push(message),
  })
  const response = await fetch(`http://127.0.0.1:${broken.port}/v1/evals`)
  expect(response.status).toBe(500)
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await response.text()).not.toContain('10.0.0.7')
  expect(problems.join()).toContain('GET /v1/evals failed: connection to 10.0.0.7 refused')
  await broken.drain()
})

test('a port in use is the system error, for its caller to explain', async () => {
  const taken = startApi({
    gate: openGate,
    host: '127.0.0.1',
    port: api.port,
    traces,
    status: async () => health,
    definitions: { current: () => ({ plan, loadedAtMs: nowMs, diagnostics: [] }) },
    nowMs: () => nowMs,
  })
  await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
