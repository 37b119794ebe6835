/** The offline role on real parts: PGlite, the embedded log, ClickHouse in process, and HTTP to a scripted judge. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { OfflineEvalPlan, OfflineMethod, Plan } from '../../dsl/plan.ts'
import { decodeResults } from '../../engine/codec/results.ts'
import { buildOfflineEval, buildPlan, buildRubric, e } from '../../engine/evaluate/build-plan.ts'
import { standInsOf } from '../../engine/judge/answered-by.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { plansOfOne } from '../../storage/definitions/plans.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { openState } from '../../storage/state/open-state.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { freePort } from '../../test/support/free-port.ts'
import {
  type ChatRequest,
  type OpenAiServer,
  type Scripted,
  startOpenAiServer,
} from '../../test/support/openai-server.ts'
import { redisServer, redisSettings, startRedis } from '../../test/support/redis-server.ts'
import type { Offline, OfflineOptions } from './offline-options.ts'
import { createProviderHealth } from './provider-health.ts'
import type { ProviderSettings } from './providers.ts'
import { startOffline } from './start.ts'

// Making PGlite's folder is seconds of CPU, more on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const START_MS = Date.parse('2026-11-03T05:00:00Z')

let dataDir: string
let traces: TracesStore
let log: EmbeddedLog
let nowMs = START_MS

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'assay-offline-'))
  traces = await openTraces({ dataDir, nowMs: () => nowMs })
  await traces.migrate()
  await insertTraces(40)
  log = await openEmbeddedLog({ dataDir, retentionIntervalMs: null })
  await log.ensureTopics([
    { name: 'eval-results', partitions: 4, retentionMs: null, retentionBytes: null, compacted: false },
  ])
})
afterAll(async () => {
  await log.close()
  await traces.close()
  await rm(dataDir, { recursive: true, force: true })
})

/** Trace i of the agent `checkout` (even) or `search` (odd), stored at 05:00; every tenth answer was not captured. */
async function insertTraces(count: number): Promise<void> {
  const spans = Array.from({ length: count }, (_, i) => {
    const traceId = (i + 1).toString(16).padStart(32, '0')
    const root = makeSpan({
      traceId,
      spanId: '1'.padStart(16, '0'),
      kind: 'agent',
      name: 'agent',
      agentName: i % 2 === 0 ? 'checkout' : 'search',
      agentVersion: '1.2',
      env: 'prod',
      startTimeUs: (START_MS - 60_000 + i) * 1000,
      durationNs: 1e9,
      inputText: `question ${i}`,
      outputText: i % 10 === 0 ? undefined : `answer ${i}`,
      model: i % 2 === 0 ? undefined : 'gpt-5-2025-08-07',
    })
    return root
  })
  await traces.insertSpans(spans, 'traces')
}

let servers: OpenAiServer[] = []
let offlines: Offline[] = []
let notices: string[] = []
beforeEach(() => {
  nowMs = START_MS + 60_000
  notices = []
})
afterEach(async () => {
  await Promise.all(offlines.map((offline) => offline.drain()))
  await Promise.all(servers.map((server) => server.close()))
  servers = []
  offlines = []
})

/** A judge that gives 5 for answers whose number is a multiple of 4, 2 for the others. */
function gradeByNumber({ messages }: ChatRequest): Scripted {
  const number = Number(/answer (\d+)/.exec(String(messages[1]?.content))?.[1])
  const score = number % 4 === 0 ? 5 : 2
  return {
    kind: 'content',
    content: JSON.stringify({ evidence: [`answer ${number}`], reasoning: `It is ${number}.`, abstain: false, score }),
    usage: { input: 50, output: 10 },
  }
}

async function startJudge(answer: (request: ChatRequest, index: number) => Scripted | Promise<Scripted>) {
  const server = await startOpenAiServer({ answer })
  servers.push(server)
  return server
}

const scope = {
  subject: 'trace',
  where: e.cmp(e.field('agent.name'), '==', e.lit('checkout')),
  traceWhere: null,
} as const

function evalOf(name: string, more: Partial<OfflineEvalPlan> = {}): OfflineEvalPlan {
  return buildOfflineEval(name, e.cmp(e.score(), '>=', e.lit(4)), {
    sample: { size: 'all', scope, overNs: 3_600e9, by: [] },
    missing: { kind: 'unknown' },
    ...more,
  })
}

function definitionsOf(...evals: OfflineEvalPlan[]) {
  let plan = buildPlan({ evals })
  const listeners: (() => void)[] = []
  return {
    ...plansOfOne('default', () => plan),
    onChange: (changed: () => void) => void listeners.push(changed),
    swap(next: Plan) {
      plan = next
      for (const changed of listeners) changed()
    },
  }
}

const openaiAt = (baseUrl: string): ProviderSettings[] => [{ name: 'openai', baseUrl, apiKey: null }]

async function start(
  options: Partial<OfflineOptions> & Pick<OfflineOptions, 'definitions' | 'providers'>,
): Promise<Offline> {
  const offline = await startOffline({
    log,
    traces,
    queue: { dataDir },
    nowMs: () => nowMs,
    onNotice: (message) => notices.push(message),
    sleep: async () => {},
    ...options,
  })
  offlines.push(offline)
  return offline
}

async function runNow(offline: Offline, evalId: string): Promise<string> {
  const outcome = await offline.runNow('default', evalId)
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.runId
}

async function untilRun(offline: Offline, runId: string, state = 'done'): Promise<void> {
  while ((await offline.runState('default', runId)) !== state) await new Promise((resolve) => setTimeout(resolve, 20))
}

async function published(evalId: string): Promise<EvalResult[]> {
  const results: EvalResult[] = []
  for (const { partition, start: from } of await log.endOffsets('eval-results'))
    for (const record of await log.read('eval-results', partition, from, 1_000))
      if (record.headers.eval === evalId) results.push(...decodeResults(record.value))
  return results
}

const byTrace = (a: EvalResult, b: EvalResult) => (a.traceId < b.traceId ? -1 : 1)

describe('a run', () => {
  test('judges the settled traces in scope and appends their results to the log', async () => {
    const server = await startJudge(gradeByNumber)
    const offline = await start({ definitions: definitionsOf(evalOf('helpful')), providers: openaiAt(server.url) })
    const runId = await runNow(offline, 'test/helpful')
    expect(runId).toBe('test/helpful@2026-11-03T050100.000Z')
    await untilRun(offline, runId)

    const results = (await published('test/helpful')).sort(byTrace)
    expect(results).toHaveLength(20)
    expect(results[1]).toEqual({
      tenant: 'default',
      evalId: 'test/helpful',
      measureHash: 'm'.repeat(32),
      verdictHash: 'v'.repeat(32),
      mode: 'live',
      subjectKind: 'trace',
      traceId: (3).toString(16).padStart(32, '0'),
      spanId: '',
      subjectTimeUs: (START_MS - 60_000 + 2) * 1000,
      evaluatedAtMs: nowMs,
      revision: 1,
      verdict: 'fail',
      score: 2,
      reason: undefined,
      evidence: [],
      judgements: [{ kind: 'quote', about: 'answer 2', verdict: 'found' }],
      explanation: 'It is 2.',
      agentName: 'checkout',
      agentVersion: '1.2',
      env: 'prod',
      judgeModel: 'gpt-5-mini-2026-01-01',
      judgeInputTokens: 50,
      judgeOutputTokens: 10,
      costMicroUsd: undefined,
      runId,
      inclusionProbability: 1,
    })
    // Answers 0, 10, 20, 30 were not captured: nobody was asked about them.
    expect(server.requests).toHaveLength(16)
    expect(results.filter(({ verdict }) => verdict === 'unknown').map(({ reason }) => reason)).toEqual(
      Array(4).fill({ code: 'not_captured', field: 'output.text' }),
    )
    const lastRun = {
      job: { runId },
      state: 'done',
      plan: { populationTraces: 40, lookedAtTraces: 40, sampled: 20 },
      batches: { all: 1, done: 1, failed: 0 },
      outcome: { alreadyJudged: 0, pass: 8, fail: 8, unknown: 4, error: 0, left: 0, costMicroUsd: 0, unpriced: 16 },
    }
    expect(await offline.status('default')).toMatchObject([{ evalId: 'test/helpful', state: 'ready', lastRun }])
    expect(notices).toEqual([])
  })

  test('by a judge of the family of what it judges says so: in its record, and in the terminal', async () => {
    const server = await startJudge(gradeByNumber)
    const where = e.cmp(e.field('agent.name'), '==', e.lit('search'))
    const sample = { size: 2, scope: { ...scope, where }, overNs: 3_600e9, by: [] }
    const definitions = definitionsOf(evalOf('kin', { sample }))
    const offline = await start({ definitions, providers: openaiAt(server.url) })
    const runId = await runNow(offline, 'test/kin')
    await untilRun(offline, runId)
    const said = 'Its judge is openai/gpt-5-mini, and agents that it judges run on GPT models too'
    expect((await offline.run('default', runId))?.plan?.notes).toEqual([expect.stringContaining(said)])
    expect(notices).toEqual([expect.stringContaining(`test/kin: ${said}`)])
  })

  test('interrupted, it goes on where it was after the next start, with the same results once each', async () => {
    let answered = 0
    const enough = Promise.withResolvers<void>()
    const server = await startJudge((request) => {
      answered++
      if (answered > 6) {
        enough.resolve()
        return { kind: 'hang' }
      }
      return gradeByNumber(request)
    })
    const definitions = definitionsOf(evalOf('resumed'))
    const first = await start({ definitions, providers: openaiAt(server.url), callsAtOnce: 2 })
    const runId = await runNow(first, 'test/resumed')
    await enough.promise
    await first.drain()
    offlines = []
    const before = await published('test/resumed')
    expect(before.filter(({ score }) => score !== undefined)).toHaveLength(6)
    // As the store loop does.
    await traces.insertResults(before, 'before')

    const healthy = await startJudge(gradeByNumber)
    const second = await start({ definitions, providers: openaiAt(healthy.url) })
    await untilRun(second, runId)
    const all = await published('test/resumed')
    expect(all).toHaveLength(20)
    expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(20)
    expect(new Set(all.map((result) => result.runId))).toEqual(new Set([runId]))
    expect(healthy.requests).toHaveLength(10)
    expect((await second.run('default', runId))?.outcome).toMatchObject({ alreadyJudged: before.length })
  })

  test('without the store it waits, for longer than a run that fails is tried again, and is done when that is back', async () => {
    const server = await startJudge(gradeByNumber)
    const away = await openTraces({ url: `http://127.0.0.1:${await freePort()}` })
    let asked = 0
    const offline = await start({
      definitions: definitionsOf(evalOf('waiting')),
      providers: openaiAt(server.url),
      outageWaitMs: 5,
      traces: {
        settledSessions: (...question) => traces.settledSessions(...question),
        flaggedSubjects: (...question) => traces.flaggedSubjects(...question),
        settledTraceIds: (...question) => (++asked <= 8 ? away : traces).settledTraceIds(...question),
        getTraces: (...question) => traces.getTraces(...question),
        resultHistory: async () => [],
        contrastTraces: async () => ({ failing: 0, passing: 0, traces: [] }),
        queryResults: (...question) => traces.queryResults(...question),
        queryVerdicts: async () => [],
        resultTallies: async () => [],
        worstResults: async () => [],
        judgeSpend: (...question) => traces.judgeSpend(...question),
        insertResults: (...results) => traces.insertResults(...results),
        searchTraces: (...question) => traces.searchTraces(...question),
      },
    })
    const runId = await runNow(offline, 'test/waiting')
    await untilRun(offline, runId)
    await away.close()
    expect(asked).toBe(9)
    expect(notices).toEqual([
      expect.stringMatching(/^The run test\/waiting@\S+ waits: ClickHouse at .* refuses connections/),
    ])
    expect(await published('test/waiting')).toHaveLength(20)
  })

  test('a sample is the same when the run is repeated, and says how probable each subject was', async () => {
    const server = await startJudge(gradeByNumber)
    const sample = {
      size: 5,
      scope: { subject: 'trace', where: null, traceWhere: null },
      overNs: 3_600e9,
      by: [],
    } as const
    const providers = openaiAt(server.url)
    const drawn: string[][] = []
    for (const folder of ['once', 'twice']) {
      const definitions = definitionsOf(evalOf('sampled', { sample: { ...sample, by: [] } }))
      const queue = { dataDir: join(dataDir, folder) }
      const offline = await start({ definitions, providers, queue })
      await untilRun(offline, await runNow(offline, 'test/sampled'))
      const results = (await published('test/sampled')).slice(-5)
      drawn.push(results.map(({ traceId }) => traceId).sort())
      for (const { inclusionProbability } of results) expect(inclusionProbability).toBeCloseTo(5 / 40, 12)
    }
    expect(drawn[1]).toEqual(drawn[0])
  })

  test.each<[string, Scripted, Partial<EvalResult>]>([
    [
      'abstains',
      { kind: 'content', content: '{"evidence":[],"reasoning":"too little","abstain":true,"score":null}' },
      { verdict: 'unknown', reason: { code: 'abstained' }, explanation: 'too little' },
    ],
    ['refuses', { kind: 'refusal', refusal: 'No.' }, { verdict: 'unknown', reason: { code: 'refused' } }],
    [
      'answers no JSON',
      { kind: 'content', content: 'five' },
      { verdict: 'error', reason: { code: 'judge_malformed', detail: 'the answer is not a JSON object' } },
    ],
    [
      'is down',
      { kind: 'status', status: 503 },
      { verdict: 'error', reason: { code: 'judge_unreachable', detail: 'openai/gpt-5-mini: 503 scripted 503' } },
    ],
  ])('a judge that %s is never silently a verdict', async (name, scripted, expected) => {
    const server = await startJudge(() => scripted)
    const id = `judge_${name.replaceAll(' ', '_')}`
    const sample = { size: 1, scope, overNs: 3_600e9, by: [] }
    const offline = await start({
      definitions: definitionsOf(evalOf(id, { sample, method: buildRubric({ show: ['input.text'] }) })),
      providers: openaiAt(server.url),
    })
    await untilRun(offline, await runNow(offline, `test/${id}`))
    expect(await published(`test/${id}`)).toMatchObject([{ ...expected, score: undefined }])
  })
})

describe('a schedule', () => {
  test('runs its slot over the window before it, and a change of definitions is followed', async () => {
    const server = await startJudge(gradeByNumber)
    const hourly = { cron: '0 * * * *', timeZone: 'UTC' }
    const definitions = definitionsOf(evalOf('hourly', { schedule: hourly }))
    const providers = openaiAt(server.url)
    const first = await start({ definitions, providers })
    expect(await first.runState('default', 'test/hourly@2026-11-03T0500Z')).toBe('unknown')
    await first.drain()
    offlines = []

    nowMs = START_MS + 3_660_000
    const second = await start({ definitions, providers })
    await untilRun(second, 'test/hourly@2026-11-03T0600Z')
    // The traces began before 04:59:59, the window is 04:58 to 05:58.
    expect(await published('test/hourly')).toHaveLength(20)

    definitions.swap(buildPlan({ evals: [evalOf('other')] }))
    expect((await second.status('default')).map(({ evalId }) => evalId)).toEqual(['test/other'])
    expect(await second.runNow('default', 'test/hourly')).toEqual({
      ok: false,
      code: 'unknown_eval',
      message: 'No offline eval test/hourly is in force.',
    })
  })
})

describe.skipIf(!redisServer.installed && !redisServer.required)(
  'on redis-server (skipped where it is not installed)',
  () => {
    test('two roles share the schedule and the work: each subject is judged once', async () => {
      const redis = await startRedis()
      const server = await startJudge(gradeByNumber)
      const schedule = { cron: '0 * * * *', timeZone: 'UTC' }
      const definitions = definitionsOf(evalOf('shared', { schedule, method: buildRubric({ show: ['input.text'] }) }))
      const options = {
        definitions,
        providers: openaiAt(server.url),
        queue: { redis: redisSettings(redis.url), dataDir },
      }
      const before = await start(options)
      expect(before.backend).toBe('redis')
      await before.drain()
      offlines = []
      nowMs = START_MS + 3_660_000
      const pair = await Promise.all([start(options), start(options)])
      await untilRun(pair[0], 'test/shared@2026-11-03T0600Z')
      const results = await published('test/shared')
      expect(results).toHaveLength(20)
      expect(server.requests).toHaveLength(20)
      await Promise.all(pair.map((offline) => offline.drain()))
      offlines = []
      await redis.stop()
    })

    test('a role without workers says of evals what the workers find, and that nobody has told where none runs', async () => {
      const redis = await startRedis()
      const options = {
        definitions: definitionsOf(evalOf('elsewhere')),
        queue: { redis: redisSettings(redis.url), dataDir },
      }
      const api = await start({ ...options, providers: [], parts: [] })
      const detail = expect.stringContaining('No worker has told')
      expect(await api.status('default')).toMatchObject([{ state: 'no_worker', detail }])
      expect(await api.runNow('default', 'test/elsewhere')).toMatchObject({ ok: true })
      expect(notices).toEqual([])

      const worker = await start({ ...options, providers: [], parts: ['worker'] })
      const [notice] = notices
      expect(notice).toContain('No provider is configured for the judge of test/elsewhere')
      expect(await api.status('default')).toMatchObject([{ state: 'no_provider', detail: notice }])
      expect(await api.runNow('default', 'test/elsewhere')).toMatchObject({ ok: false, code: 'no_provider' })
      await worker.drain()

      const next = await start({ ...options, providers: openaiAt('http://127.0.0.1:9/v1'), parts: ['worker'] })
      expect(await api.status('default')).toMatchObject([{ state: 'ready', detail: undefined }])
      await Promise.all([api, next].map((offline) => offline.drain()))
      offlines = []
      await redis.stop()
    })
  },
)

describe('without a provider', () => {
  test('it says so once, plainly, runs nothing, and is no error', async () => {
    const definitions = definitionsOf(evalOf('unconfigured'))
    const offline = await start({ definitions, providers: [] })
    definitions.swap(definitions.current('default'))
    const message =
      'No provider is configured for the judge of test/unconfigured (openai/gpt-5-mini): it is not run. ' +
      'Set OPENAI_API_KEY (or ASSAY_OPENAI_BASE_URL for a server of your own).'
    expect(notices).toEqual([message])
    expect(await offline.status('default')).toMatchObject([{ state: 'no_provider', detail: message, lastRun: null }])
    expect(await offline.runNow('default', 'test/unconfigured')).toEqual({ ok: false, code: 'no_provider', message })
    expect(await published('test/unconfigured')).toEqual([])
  })

  test('that one was out before says nothing of how judging goes on', async () => {
    const state = await openState({ dataDir, nowMs: () => nowMs }, (error) => {
      throw error
    })
    const before = createProviderHealth({ state, providers: ['gone'], isOnly: true, nowMs: () => nowMs })
    for (let i = 0; i < 5; i++)
      await before.report('gone', await before.permit('gone'), { kind: 'failed', detail: '503 overloaded' })
    expect((await before.health()).level).toBe('cache_only')
    await state.close()
    const offline = await start({ definitions: definitionsOf(evalOf('left')), providers: [] })
    expect(await offline.judging()).toEqual({ level: 'no_provider', shared: true, providers: [] })
  })

  test('of many, one sentence for all that lack the same', async () => {
    await start({ definitions: definitionsOf(evalOf('one'), evalOf('two')), providers: [] })
    expect(notices).toEqual([
      'No judge is configured for 2 offline evals (test/one, test/two): they are not run. Those that need none are. ' +
        'Set OPENAI_API_KEY (or ASSAY_OPENAI_BASE_URL for a server of your own).',
    ])
  })

  test.each([
    ['whose judge has no provider', 'openai/gpt-5-mini', 'No provider is configured for the judge of test/stood_in'],
    ['that names no judge, where none is configured', null, 'No judge is configured for test/stood_in'],
  ])('the proxy of an eval %s measures it, and it is said', async (_, judge, said) => {
    const text = { kind: 'expr', expr: e.field('output.text') } as const
    const one = evalOf('stood_in', {
      method: {
        kind: 'metric',
        judge: judge === null ? null : { models: [judge], fallbacks: [], take: null },
        metric: { name: 'answer_relevance', version: 1, args: { question: text, answer: text } },
      },
      pass: e.cmp(e.score(), '>=', e.lit(0.5)),
      proxy: { name: 'token_f1', version: 1, args: { answer: text, reference: text } },
      // No price is needed of who is not asked.
      budget: { currency: 'USD', perRunMicros: 10, perMonthMicros: null },
    })
    const offline = await start({ definitions: definitionsOf(one), providers: [] })
    expect(notices).toEqual([expect.stringContaining(said)])
    expect(notices[0]).toContain('its proxy token_f1 measures it. ')
    expect(await offline.status('default')).toMatchObject([{ state: 'by_proxy', detail: notices[0] }])
    const runId = await runNow(offline, 'test/stood_in')
    await untilRun(offline, runId)
    const results = await published('test/stood_in')
    const passed = results.filter(({ verdict }) => verdict === 'pass')
    expect(passed).toHaveLength(16)
    expect(new Set(passed.map(({ measureHash }) => standInsOf(one).get(measureHash)))).toEqual(
      new Set([{ level: 'proxy', by: 'token_f1' }]),
    )
    expect(passed[0]?.judgements).toMatchObject([{ kind: 'judge', about: 'token_f1', verdict: 'proxy' }])
    expect((await offline.run('default', runId))?.outcome).toMatchObject({ proxy: 16, overBudget: 0, unpriced: 0 })
  })

  test('metrics that ask no judge are worked out all the same', async () => {
    const overlap: OfflineMethod = {
      kind: 'metric',
      judge: null,
      metric: {
        name: 'token_f1',
        version: 1,
        args: {
          answer: { kind: 'expr', expr: e.field('output.text') },
          reference: { kind: 'expr', expr: e.field('input.text') },
        },
      },
    }
    // An answer of two words shares its number with the question of two.
    const pass = e.cmp(e.score(), '>=', e.lit(0.5))
    const offline = await start({
      definitions: definitionsOf(evalOf('overlap', { method: overlap, pass })),
      providers: [],
    })
    const runId = await runNow(offline, 'test/overlap')
    await untilRun(offline, runId)
    // What is asked of nobody has no price that would have to be known.
    expect(await offline.run('default', runId)).toMatchObject({
      plan: { estimateMicroUsd: 0 },
      outcome: { pass: 16, costMicroUsd: 0, unpriced: 0 },
    })
    const found = (await published('test/overlap')).map(({ verdict, score, reason }) => [verdict, score, reason?.code])
    expect(found.filter(([verdict]) => verdict === 'pass')).toEqual(Array(16).fill(['pass', 0.5, undefined]))
    expect(found.filter(([verdict]) => verdict === 'unknown')).toEqual(
      Array(4).fill(['unknown', undefined, 'not_captured']),
    )
    expect(notices).toEqual([])
  })

  test('a fallback’s is enough', async () => {
    const server = await startJudge(gradeByNumber)
    const judge = { models: ['openai/gpt-5-mini'], fallbacks: ['local/small'], take: null }
    const offline = await start({
      definitions: definitionsOf(
        evalOf('fallback', { method: buildRubric({ judge }), sample: { size: 1, scope, overNs: 3_600e9, by: [] } }),
      ),
      providers: [{ name: 'local', baseUrl: server.url, apiKey: null }],
    })
    await untilRun(offline, await runNow(offline, 'test/fallback'))
    expect(await published('test/fallback')).toHaveLength(1)
  })
})

describe('a metric that asks a judge', () => {
  /** Two claims of the answer, the second of which the documents do not have. */
  function claimsThenVerdicts({ response_format: format }: ChatRequest): Scripted {
    const content =
      format?.json_schema?.name === 'claims'
        ? { claims: ['The parcel left on Monday.', 'It arrives on Friday.'] }
        : {
            verdicts: [
              { claim: 1, quote: 'left the warehouse on Monday', verdict: 'supported' },
              { claim: 2, quote: '', verdict: 'unsupported' },
            ],
          }
    return { kind: 'content', content: JSON.stringify(content), usage: { input: 100, output: 20 } }
  }

  test('from the slot to the stored score, with each claim and what it took', async () => {
    const traceId = 'f'.repeat(32)
    const at = { traceId, agentName: 'rag', startTimeUs: (START_MS - 60_000) * 1000, durationNs: 1e9 }
    const documents = [{ id: 'kb-7', text: 'Your parcel left the warehouse on Monday.', score: 0.9 }]
    const [root, search] = ['1'.padStart(16, '0'), '2'.padStart(16, '0')]
    const outputText = 'It left on Monday and arrives on Friday.'
    await traces.insertSpans(
      [
        makeSpan({ ...at, spanId: root, kind: 'agent', outputText }),
        makeSpan({ ...at, spanId: search, parentSpanId: root, kind: 'retriever', documents }),
      ],
      'rag',
    )
    const server = await startJudge(claimsThenVerdicts)
    const method: OfflineMethod = {
      kind: 'metric',
      judge: null,
      metric: {
        name: 'faithfulness',
        version: 1,
        args: {
          answer: { kind: 'expr', expr: e.field('output.text') },
          context: { kind: 'documents', path: 'retrieval.documents' },
        },
      },
    }
    const where = e.cmp(e.field('agent.name'), '==', e.lit('rag'))
    const grounded = evalOf('grounded', {
      method,
      sample: { size: 'all', scope: { ...scope, where }, overNs: 3_600e9, by: [] },
      pass: e.cmp(e.score(), '>=', e.lit(0.9)),
    })
    const offline = await start({
      definitions: definitionsOf(grounded),
      providers: openaiAt(server.url),
      defaultJudge: { models: ['openai/gpt-5-mini'], fallbacks: [], take: null },
    })
    await untilRun(offline, await runNow(offline, 'test/grounded'))
    const [result] = await published('test/grounded')
    expect(result).toMatchObject({
      verdict: 'fail',
      score: 0.5,
      explanation: '1 of 2 claims are supported; unsupported: “It arrives on Friday.”',
      judgements: [
        {
          kind: 'claim',
          about: 'The parcel left on Monday.',
          verdict: 'supported',
          quote: 'left the warehouse on Monday',
        },
        { kind: 'claim', about: 'It arrives on Friday.', verdict: 'unsupported' },
      ],
      judgeModel: 'gpt-5-mini-2026-01-01',
      judgeInputTokens: 200,
      judgeOutputTokens: 40,
    })
    const sent = server.requests.map(({ body }) => String(body.messages[1]?.content))
    expect(sent[0]).toContain(outputText)
    expect(sent[0]).not.toContain('warehouse')
    expect(sent[1]).toContain('Your parcel left the warehouse on Monday.')
  })

  test('without a judge of its own or of the configuration it is not run, and it says what to do', async () => {
    const metric = { name: 'faithfulness', version: 1, args: {} }
    const definitions = definitionsOf(evalOf('judgeless', { method: { kind: 'metric', judge: null, metric } }))
    await start({ definitions, providers: [] })
    expect(notices).toEqual([
      'No judge is configured for test/judgeless: it is not run. Name one in `judge:`, or set ASSAY_JUDGE to one for all metrics.',
    ])
  })
})
