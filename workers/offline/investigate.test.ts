/** A firing alert looked into, on real parts: PGlite, the embedded log, ClickHouse in process, and HTTP to a scripted judge. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { buildPlan } from '../../engine/evaluate/build-plan.ts'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import { type AlertStates, followAlertStates } from '../../storage/alerts/alert-states.ts'
import { plansOfOne } from '../../storage/definitions/plans.ts'
import { saidByPeople } from '../../storage/labels/anchors.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { ALERTS, alertTopics, NOTIFICATIONS } from '../../storage/log/topics.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { type ChatRequest, startOpenAiServer } from '../../test/support/openai-server.ts'
import { overriding } from '../../test/support/overriding.ts'
import { createBudgets } from './budget.ts'
import { createInvestigator } from './investigate.ts'
import type { OfflineOptions } from './offline-options.ts'
import { startOffline } from './start.ts'

// Making PGlite's folder is seconds of CPU, more on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const T0_MS = Date.parse('2026-11-03T05:00:00Z')
const nowMs = () => T0_MS + 60_000
const EVAL = 'shop/refunds_right'

let dataDir: string
let traces: TracesStore
let log: EmbeddedLog
let states: AlertStates
const closing: (() => Promise<void>)[] = []

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'assay-investigate-'))
  traces = await openTraces({ dataDir, nowMs })
  await traces.migrate()
  await store()
  log = await openEmbeddedLog({ dataDir, retentionIntervalMs: null })
  await log.ensureTopics(alertTopics)
  states = await followAlertStates({ log, onProblem: () => {} })
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
afterAll(async () => {
  await states.close()
  await log.close()
  await traces.close()
  await rm(dataDir, { recursive: true, force: true })
})

/** A hundred and twenty traces: of those that call `refund` four in five fail, of the others one in twenty. */
async function store(): Promise<void> {
  const ids = Array.from({ length: 120 }, (_, i) => (i + 1).toString(16).padStart(32, '0'))
  const callsRefund = (i: number): boolean => i % 4 === 0
  const fails = (i: number): boolean => (callsRefund(i) ? i % 20 !== 0 : i % 20 === 1)
  const common = (i: number) => ({ traceId: ids[i]!, startTimeUs: (T0_MS - 600_000 + i) * 1_000 })
  const spans = ids.flatMap((_, i) => [
    makeSpan({ ...common(i), spanId: '1'.padStart(16, '0'), kind: 'agent', agentVersion: i % 3 === 0 ? '2.0' : '1.9' }),
    makeSpan({
      ...common(i),
      spanId: '2'.padStart(16, '0'),
      kind: 'tool',
      toolName: callsRefund(i) ? 'refund' : 'cart',
    }),
  ])
  await traces.insertSpans(spans, 'spans')
  const judged = (evalId: string, isFailing: (i: number) => boolean) =>
    ids.map((traceId, i) =>
      makeResult({
        traceId,
        evalId,
        spanId: '',
        subjectKind: 'trace',
        subjectTimeUs: common(i).startTimeUs,
        evaluatedAtMs: T0_MS - 600_000 + i,
        verdict: isFailing(i) ? 'fail' : 'pass',
      }),
    )
  await traces.insertResults([...judged(EVAL, fails), ...judged('shop/evenly', (i) => i % 5 === 2)], 'results')
}

let incidents = 0
function firing() {
  const incidentId = `shop/refunds_wrong@1.${++incidents}`
  return {
    id: `${incidentId}#1`,
    alertId: 'shop/refunds_wrong',
    evalId: EVAL,
    group: {},
    rule: 'rate(fail) > 10% over 1h',
    title: 'Refunds go wrong',
    owner: null,
    severity: 'page' as const,
    mode: 'live' as const,
    from: 'inactive' as const,
    to: 'firing' as const,
    cause: 'condition' as const,
    atMs: T0_MS,
    incidentId,
    sinceMs: T0_MS,
    numbers: {
      measure: { kind: 'rate', verdict: 'fail', type: { kind: 'ratio' } } as const,
      cmp: '>' as const,
      threshold: 0.1,
      windowMs: 3_600_000,
      value: 0.25,
      count: 29,
      total: 120,
      verdicts: { pass: 91, fail: 29, unknown: 0, error: 0 },
    },
    examples: [],
    why: null,
  }
}

const append = (transition: ReturnType<typeof firing>) =>
  log.append(ALERTS, [
    {
      key: `default/${transition.alertId}`,
      value: Buffer.from(JSON.stringify({ version: 1, tenant: 'default', ...transition })),
      headers: { tenant: 'default', alert: transition.alertId, to: transition.to },
    },
  ])

async function investigationOf(incidentId: string) {
  for (;;) {
    await states.refresh()
    const found = states.investigation('default', incidentId)
    if (found !== null) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function start(over: Partial<OfflineOptions> = {}): Promise<void> {
  const offline = await startOffline({
    log,
    traces,
    queue: { dataDir, investigationDelayMs: 0 },
    definitions: { ...plansOfOne('default', () => buildPlan({})), onChange: () => {} },
    providers: [],
    nowMs,
    onNotice: () => {},
    sleep: async () => {},
    ...over,
  })
  closing.push(() => offline.drain())
}

const refunds = { label: 'tool', value: 'refund', isAbsent: false }

test('a firing in the log is looked into, and a judge says it in words whose numbers are those of the table', async () => {
  const asked: ChatRequest[] = []
  const answers = ['refund fails in 99%.', 'Failing traces called refund more often, in 80% of them.']
  const server = await startOpenAiServer({
    answer: (request) => {
      asked.push(request)
      const text = answers[Math.min(asked.length, answers.length) - 1]!
      const content = JSON.stringify({ sentences: [{ findings: [1], text }] })
      return { kind: 'content', content, usage: { input: 300, output: 20 } }
    },
  })
  closing.push(() => server.close())
  const judge = {
    models: ['openai/gpt-5-mini'],
    fallbacks: [],
    aggregate: 'mean',
  } as unknown as OfflineOptions['defaultJudge']
  await start({
    providers: [{ name: 'openai', baseUrl: server.url, apiKey: null }],
    defaultJudge: judge ?? null,
    spending: {
      prices: { 'openai/gpt-5-mini': { input: 1, output: 2 } },
      usdPerMonth: 5,
      usdPerMonthByTenant: new Map(),
    },
  })
  const transition = firing()
  await append(transition)
  const found = await investigationOf(transition.incidentId)
  expect(found).toMatchObject({ outcome: 'found', failing: { traces: 30, compared: 30 }, passing: { traces: 90 } })
  expect(found.findings[0]).toMatchObject(refunds)
  expect(found.summary).toEqual({ text: answers[1], model: expect.any(String), costMicroUsd: 2 * 340 })
  // The first answer had a number of its own, and was asked again.
  expect(asked).toHaveLength(2)
  const records = await log.read(NOTIFICATIONS, 0, 0, 100, 1 << 20)
  expect(records.map(({ value }) => JSON.parse(Buffer.from(value).toString()))).toMatchObject([
    { kind: 'investigation', incidentId: transition.incidentId, investigation: { outcome: 'found' } },
  ])
})

test('without a judge there are the numbers alone; a job that ran twice says the same under the same name', async () => {
  const state = {
    get: async () => undefined,
    compareAndSet: async () => true,
    add: async () => 1,
    setIn: async () => {},
    removeIn: async () => {},
    list: async () => new Map<string, string>(),
  }
  const waits = { sleep: async () => {}, judgeTimeoutMs: 30_000 }
  const budgets = createBudgets({
    state,
    spendSince: async () => new Map(),
    tenantPerMonthMicroUsd: () => null,
    nowMs,
    ...waits,
  })
  const definitions = plansOfOne('default', () => buildPlan({}))
  const { signal } = new AbortController()
  const rest = { judge: null, budgets, prices: {}, state, nowMs, signal }
  const investigate = createInvestigator({ log, traces, definitions, ...rest })
  const transition = firing()
  const lacking = createInvestigator({
    // As a worker that is killed between its two writes.
    log: {
      ensureTopics: (topics) => log.ensureTopics(topics),
      append: (topic, records) =>
        topic === NOTIFICATIONS ? Promise.reject(new Error('killed')) : log.append(topic, records),
    },
    traces,
    definitions,
    ...rest,
  })
  await expect(lacking({ tenant: 'default', transition })).rejects.toThrow('killed')
  await investigate({ tenant: 'default', transition })
  expect(await investigationOf(transition.incidentId)).toMatchObject({ findings: [refunds], summary: null })
  const ids = (await log.read(NOTIFICATIONS, 0, 0, 100, 1 << 20)).map(
    ({ value }) => JSON.parse(Buffer.from(value).toString()).id,
  )
  expect(ids.filter((id) => id === `default/${transition.incidentId}/investigated`)).toHaveLength(1)
  // While the store is away nothing is written, and the job is tried again.
  const waiting = { tenant: 'default', transition: firing() }
  const away = overriding(traces, { contrastTraces: () => Promise.reject(new Error('ClickHouse is away')) })
  await expect(createInvestigator({ log, traces: away, definitions, ...rest })(waiting)).rejects.toThrow('away')
  await states.refresh()
  expect(states.investigation('default', waiting.transition.incidentId)).toBeNull()
  await investigate(waiting)
  expect(await investigationOf(waiting.transition.incidentId)).toMatchObject({ findings: [refunds] })
  // Of a version that failed as often as others: the API and the pages say so, and no receiver hears of it.
  const quiet = { ...firing(), evalId: 'shop/evenly' }
  await investigate({ tenant: 'default', transition: quiet })
  expect(await investigationOf(quiet.incidentId)).toMatchObject({ outcome: 'nothing', findings: [] })
  const told = await log.read(NOTIFICATIONS, 0, 0, 100, 1 << 20)
  expect(told.some(({ value }) => Buffer.from(value).toString().includes(quiet.incidentId))).toBe(false)
  // Nothing stands out where the judge itself changed: of that they do hear.
  const rounds = [T0_MS - 7_200_000, T0_MS - 60_000].flatMap((evaluatedAtMs, nth) =>
    Array.from({ length: 40 }, (_, i) =>
      makeResult({
        evalId: quiet.evalId,
        traceId: (i + 1).toString(16).padStart(32, '0'),
        runId: `anchor@${nth}`,
        verdict: nth === 0 ? 'pass' : 'fail',
        judgements: [saidByPeople(true)],
        judgeModel: 'small-1',
        evaluatedAtMs,
      }),
    ),
  )
  const drifting = overriding(traces, { queryResults: async () => rounds })
  const changed = { ...firing(), evalId: quiet.evalId }
  await createInvestigator({ log, traces: drifting, definitions, ...rest })({ tenant: 'default', transition: changed })
  expect(await investigationOf(changed.incidentId)).toMatchObject({ outcome: 'nothing', judge: { drifted: true } })
  const heard = await log.read(NOTIFICATIONS, 0, 0, 100, 1 << 20)
  expect(heard.some(({ value }) => Buffer.from(value).toString().includes(changed.incidentId))).toBe(true)
  // Silence is nobody's fault, and what is not stored yet is waited for.
  await investigate({ tenant: 'default', transition: { ...firing(), cause: 'no_data' } })
  await expect(investigate({ tenant: 'default', transition: { ...firing(), evalId: 'shop/none' } })).rejects.toThrow(
    'stored',
  )
})
