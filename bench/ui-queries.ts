/**
 * What the pages of the web UI ask the API, on a store in process: how long each takes, p50 and p95. Processor time is beside it, which
 * others on the machine disturb less: where a p95 stands out and its processor time does not, somebody else had the machine.
 * What the load itself leaves to do, the engine's merges, is waited for.
 *
 *     node bench/ui-queries.ts [FOLDER]
 *
 * With a folder what is loaded is kept in it, and taken from it the next time.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OfflineEvalPlan } from '../dsl/plan.ts'
import { planOf } from '../dsl/testing.ts'
import { makeResult } from '../engine/model/make-result.ts'
import { makeSpan } from '../engine/model/make-span.ts'
import type { EvalResult, Verdict } from '../engine/model/result.ts'
import type { Span } from '../engine/model/span.ts'
import { buildApi } from '../server/api.ts'
import { createGate } from '../storage/access/gate.ts'
import { readLabels, storeLabels } from '../storage/labels/labels.ts'
import type { OfflineControl } from '../storage/queue/offline-control.ts'
import { openQueue } from '../storage/queue/open-queue.ts'
import type { OfflineQueue } from '../storage/queue/port.ts'
import { connectEngine, openTraces } from '../storage/traces/open.ts'
import type { TracesStore } from '../storage/traces/port.ts'
import { createControl } from '../workers/offline/control.ts'
import { quantile } from './quantile.ts'

const DAY_US = 86_400_000_000
const DAYS = 7
const SPANS_PER_TRACE = 10
const TRACES_PER_INSERT = 500
/** Fixed, so that a folder that is kept stays as old as it was. */
const END_US = Date.UTC(2026, 10, 21, 12) * 1_000
const TO_REACH_MS = 200

const KINDS = ['agent', 'llm', 'tool', 'chain', 'llm', 'tool', 'retriever', 'llm', 'tool', 'chain'] as const
const TOOLS = ['search', 'issue_refund', 'verify_identity', 'look_up']
const MODELS = ['gpt-5-mini', 'claude-sonnet', 'gemini-flash']
const SENTENCE = 'Your parcel is on its way and should arrive within a few days, unless the carrier says otherwise. '
const TEXTS = Array.from({ length: 1_000 }, (_, index) => `Order ${index}. ${SENTENCE.repeat(2 + (index % 7))}`)
const MEASURE = 'a'.repeat(16)

/** Ids that look random and are the same in every run. */
function hex(digits: number, seed: number): string {
  let state = seed + 1
  let text = ''
  while (text.length < digits) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    text += (Math.imul(state ^ (state >>> 15), 2_246_822_519) >>> 0).toString(16).padStart(8, '0')
  }
  return text.slice(0, digits)
}

const traceIdOf = (trace: number): string => hex(32, trace)
const spanIdOf = (trace: number, index: number): string => hex(16, trace * 100 + index)

interface Load {
  readonly traces: number
}

const startOf = (trace: number, { traces }: Load): number =>
  Math.floor(END_US - (traces - trace) * ((DAYS * DAY_US) / traces))

function spansOf(trace: number, load: Load): Span[] {
  const startUs = startOf(trace, load)
  return KINDS.map((kind, index) => {
    const n = trace * SPANS_PER_TRACE + index
    const isFailed = n % 211 === 0
    return makeSpan({
      ...{ traceId: traceIdOf(trace), spanId: spanIdOf(trace, index), kind },
      ...{ parentSpanId: index === 0 ? undefined : spanIdOf(trace, 0), name: index === 0 ? 'invoke_agent' : kind },
      ...{ startTimeUs: startUs + index * 50_000, durationNs: ((n * 7_919) % 9_000) * 1e6 },
      ...{ status: isFailed ? 'error' : 'ok', ...(isFailed && { errorMessage: 'Overloaded' }) },
      ...{ agentName: `agent-${trace % 8}`, agentVersion: `v${trace % 5}`, env: trace % 4 === 0 ? 'staging' : 'prod' },
      ...{ sessionId: `s-${Math.floor(trace / 4)}`, userId: `u-${trace % 5_000}` },
      ...(index === 0 && { inputText: TEXTS[trace % 1_000], outputText: TEXTS[(trace * 7) % 1_000] }),
      ...(kind === 'llm' && {
        ...{ model: MODELS[n % 3], provider: 'openai', inputText: TEXTS[n % 1_000], tokensInput: n % 900 },
        ...{ outputText: TEXTS[(n * 7) % 1_000], tokensOutput: n % 500, costMicroUsd: n % 12_000 },
      }),
      ...(kind === 'tool' && {
        ...{ toolName: TOOLS[n % 4], toolArguments: `{"id":${n % 50}}`, toolResult: TEXTS[n % 1_000] },
      }),
      attributes: new Map([['acme.tier', n % 3 === 0 ? 'gold' : 'free']]),
      resource: new Map([['service.name', 'shop']]),
    })
  })
}

const verdictOf = (n: number): Verdict => (n % 97 === 0 ? 'fail' : n % 31 === 0 ? 'unknown' : 'pass')

/** One on the trace, one on each call of a model. */
function resultsOf(trace: number, load: Load): EvalResult[] {
  const subjectTimeUs = startOf(trace, load)
  const of = {
    ...{ traceId: traceIdOf(trace), subjectTimeUs, evaluatedAtMs: subjectTimeUs / 1_000 + 5_000 },
    ...{ measureHash: MEASURE, verdictHash: MEASURE, agentName: `agent-${trace % 8}`, agentVersion: `v${trace % 5}` },
    env: trace % 4 === 0 ? 'staging' : 'prod',
  }
  const onTrace = makeResult({ ...of, evalId: 'latency/fast', verdict: verdictOf(trace), score: trace % 9_000 })
  const onCalls = KINDS.flatMap((kind, index) =>
    kind === 'llm'
      ? makeResult({
          ...{ ...of, evalId: 'shop/no_pii', subjectKind: 'llm_call', spanId: spanIdOf(trace, index) },
          verdict: verdictOf(trace * SPANS_PER_TRACE + index),
        })
      : [],
  )
  return [onTrace, ...onCalls]
}

async function fill(store: TracesStore, load: Load): Promise<void> {
  for (let from = 0; from < load.traces; from += TRACES_PER_INSERT) {
    const traces = Array.from({ length: Math.min(TRACES_PER_INSERT, load.traces - from) }, (_, index) => from + index)
    await store.insertSpans(
      traces.flatMap((trace) => spansOf(trace, load)),
      `spans:${from}`,
    )
    await store.insertResults(
      traces.flatMap((trace) => resultsOf(trace, load)),
      `results:${from}`,
    )
  }
}

const judged = (index: number): string => `offline eval judged_${index} {
  every:   hour in "UTC"
  sample:  50 of trace over 1h
  judge:   "openai/gpt-5-mini"
  show:    input.text, output.text
  scale:   1 to 5
  rubric:  "5 solved, 1 not solved"
  pass:    score >= 4
  missing: unknown
}
`
const SCORECARD = `scorecard weekly {
  every:  monday at 09:00 in "UTC"
  over:   7d vs 7d
  row:    pass_rate(judged_0), mean(judged_0)
  row:    pass_rate(judged_1), spend(judged_1) by agent.version
}
`
const PLAN = planOf(`package shop\n\n${judged(0)}\n${judged(1)}\n${SCORECARD}`)
const OFFLINE_EVALS = PLAN.evals.filter((one): one is OfflineEvalPlan => one.kind === 'offline')
/** Of each judged eval: as many verdicts as its agreement with people is worked out of, and labels of them. */
const JUDGED = 10_000
const LABELLED = 300

/**
 * Of the newest traces; a judge and two people who agree on most. A folder that was kept from before there were any has none: its labels tell,
 * which come last.
 */
async function fillJudged(store: TracesStore, load: Load): Promise<void> {
  const traces = Array.from({ length: Math.min(JUDGED, load.traces) }, (_, index) => load.traces - 1 - index)
  const scoreOf = (trace: number): number => 1 + ((trace * 7) % 5)
  for (const evalPlan of OFFLINE_EVALS) {
    const { id: evalId, measureHash, verdictHash } = evalPlan
    if ((await readLabels(store, 'default', evalId, 1)).length > 0) continue
    const results = traces.map((trace) => {
      const subjectTimeUs = startOf(trace, load)
      const atMs = subjectTimeUs / 1_000 + 60_000
      const score = scoreOf(trace)
      return makeResult({
        ...{ evalId, measureHash, verdictHash, traceId: traceIdOf(trace), subjectTimeUs, evaluatedAtMs: atMs },
        ...{ runId: `${evalId}@${Math.floor(atMs / 3_600_000)}`, verdict: score >= 4 ? 'pass' : 'fail', score },
        ...{ explanation: SENTENCE, judgeModel: 'gpt-5-mini', judgeInputTokens: 400, judgeOutputTokens: 60 },
      })
    })
    await store.insertResults(results, `judged:${evalId}`)
    const labels = traces.slice(0, LABELLED).flatMap((trace) =>
      ['ana', 'ben'].map((by) => {
        const score = by === 'ana' || trace % 7 > 0 ? scoreOf(trace) : 1
        const label = { evalId, traceId: traceIdOf(trace), spanId: '', score, isPass: score >= 4, note: undefined }
        return { ...label, by, atMs: END_US / 1_000 }
      }),
    )
    await storeLabels(store, 'default', evalPlan, labels, `labels:${evalId}`)
  }
}

const OFFLINE_RUNS = 500

/** Of two evals, an hour apart, all done. */
async function fillRuns(queue: OfflineQueue): Promise<void> {
  for (let run = 0; run < OFFLINE_RUNS; run++) {
    const slotMs = END_US / 1_000 - (OFFLINE_RUNS - run) * 3_600_000
    const evalId = `shop/judged_${run % 2}`
    await queue.enqueue({ tenant: 'default', evalId, runId: `${evalId}@${slotMs}`, slotMs, trigger: 'schedule' })
  }
  let ended = 0
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const planned = async (): Promise<null> => {
    if (++ended === OFFLINE_RUNS) resolve()
    return null
  }
  const worker = await queue.work(
    { plan: planned, batch: () => Promise.reject(new Error('a run without subjects has no batch')) },
    { concurrency: 4, onError: reject },
  )
  await promise
  await worker.drain()
}

function controlOf(queue: OfflineQueue, nowMs: () => number): OfflineControl {
  return createControl({
    ...{ queue, nowMs, offlineEvals: () => OFFLINE_EVALS, nextSlotMs: nowMs },
    readiness: () => ({ state: 'ready', detail: undefined }),
  })
}

/** Until the engine has merged what a load has it merge: how long that was. */
async function mergesOf(dataDir: string): Promise<number> {
  const { client } = await connectEngine({ dataDir })
  const startMs = performance.now()
  try {
    for (let calm = 0; calm < CALM_LOOKS; ) {
      await sleep(CALM_PAUSE_MS)
      const answer = await client.query({ query: 'SELECT count() AS n FROM system.merges', format: 'JSONEachRow' })
      const [row] = await answer.json<{ n: number | string }>()
      calm = Number(row?.n) === 0 ? calm + 1 : 0
    }
    return performance.now() - startMs
  } finally {
    await client.close()
  }
}

/** Merges come one after the other, with pauses. */
const CALM_LOOKS = 10
const CALM_PAUSE_MS = 300

/** So far apart are what one round asks for and the next. */
const strideOf = ({ traces }: Load): number => Math.floor(traces / 20)

/** As `web/` sends them, a page at a time; `round` makes each one another, so that nothing answers from what it remembers. */
const QUERIES: readonly { page: string; of: (round: number, load: Load) => string }[] = [
  { page: 'Live: verdicts of the last hour', of: () => '/v1/results?since=1h&limit=100' },
  { page: 'Live: traces of the last hour', of: () => '/v1/traces?since=1h&limit=6' },
  { page: 'Live: failing ones', of: () => '/v1/results?since=1h&limit=100&verdict=fail' },
  ...(['24h', '7d'] as const).flatMap((since) => {
    const search = (page: string, rest: (round: number) => string) => ({
      page: `Traces of ${since}: ${page}`,
      of: (round: number) => `/v1/traces?since=${since}&limit=50${rest(round)}`,
    })
    return [
      search('all', () => ''),
      search('of an agent', (round) => `&agent=agent-${round % 8}`),
      search('of a version and environment', (round) => `&version=v${round % 5}&env=staging`),
      search('of a user', (round) => `&user=u-${(round * 37) % 5_000}`),
      search('of a session', (round) => `&session=s-${24_000 - round}`),
      search('by model and tool', (round) => `&model=${MODELS[round % 3]}&tool=${TOOLS[round % 4]}`),
      search('failed', () => '&status=error'),
      search('slow', () => '&minMs=8900'),
      search('dear', () => '&minUsd=0.03'),
      search('failing an eval', () => '&eval=shop/no_pii&verdict=fail'),
      search('failing any', () => '&verdict=fail'),
      search('with a text', (round) => `&text=order%20${round}.`),
      search('with a text that is nowhere', (round) => `&text=nowhere%20${round}`),
    ]
  }),
  {
    page: 'Traces of 7d: another page',
    of: (round, load) => {
      const trace = load.traces - strideOf(load) * (round + 1)
      return `/v1/traces?since=7d&limit=50&after=${startOf(trace, load)}-${traceIdOf(trace)}`
    },
  },
  { page: 'A trace', of: (round, load) => `/v1/traces/${traceIdOf(load.traces - 1 - round * (strideOf(load) - 1))}` },
  { page: 'Sessions of 24h', of: () => '/v1/sessions?since=24h&limit=50' },
  { page: 'Sessions of 7d', of: () => '/v1/sessions?since=7d&limit=50' },
  {
    page: 'A session',
    of: (round, load) =>
      `/v1/sessions/s-${Math.floor((load.traces - 1 - round * (strideOf(load) - 1)) / 4)}?since=3650d&limit=200`,
  },
  { page: 'Evals: all with their rates', of: () => '/v1/evals' },
  { page: 'Evals: how all went in 7d', of: () => '/v1/evals/trends?since=7d' },
  { page: 'An eval: its flips', of: () => '/v1/evals/shop/no_pii/flips?since=7d' },
  { page: 'An eval: its series of 7d', of: () => '/v1/evals/shop/no_pii/series?since=7d&agreement=false' },
  {
    page: 'An eval: the same by version',
    of: () => '/v1/evals/shop/no_pii/series?since=7d&by=version&agreement=false',
  },
  { page: 'An eval: its newest failures', of: () => '/v1/results?eval=shop/no_pii&verdict=fail&limit=20' },
  { page: 'Playground: newest traces', of: () => '/v1/traces?since=30d&limit=50' },
  { page: 'System: usage of 30d', of: () => '/v1/usage?from=30d' },
  {
    page: 'A judged eval: its series of 7d',
    of: (round) => `/v1/evals/shop/judged_${round % 2}/series?since=7d&agreement=false`,
  },
  { page: 'A judged eval: how far people agree', of: (round) => `/v1/evals/shop/judged_${round % 2}/agreement` },
  { page: 'A scorecard as of now', of: () => '/v1/scorecards/shop/weekly' },
  { page: 'Offline evals', of: () => '/v1/offline' },
  { page: 'Runs of offline evals', of: () => '/v1/offline/runs' },
]

export async function run({
  spans,
  rounds,
  folder,
}: {
  spans: number
  rounds: number
  folder?: string
}): Promise<void> {
  const load: Load = { traces: Math.floor(spans / SPANS_PER_TRACE) }
  const dataDir = folder ?? mkdtempSync(join(tmpdir(), 'assay-ui-queries-'))
  const isThere = existsSync(join(dataDir, 'traces'))
  const nowMs = (): number => END_US / 1_000
  const queueDir = mkdtempSync(join(tmpdir(), 'assay-ui-queries-queue-'))
  const store = await openTraces({ dataDir, nowMs })
  const queue = await openQueue({ dataDir: queueDir }, (error) => {
    throw error
  })
  try {
    await store.migrate()
    if (!isThere) {
      const cpu = process.cpuUsage()
      await fill(store, load)
      const { user, system } = process.cpuUsage(cpu)
      console.log(`loading: ${((user + system) / spans).toFixed(1)} CPU s per million spans`)
    }
    await fillJudged(store, load)
    console.log(`merges: waited ${((await mergesOf(dataDir)) / 1_000).toFixed(1)} s`)
    await fillRuns(queue)
    const app = buildApi(
      {
        traces: store,
        status: async () => ({ status: 'ok', components: [] }),
        definitions: { current: () => ({ plan: PLAN, loadedAtMs: 0, diagnostics: [] }) },
        offline: controlOf(queue, nowMs),
        nowMs,
      },
      { gate: createGate('open', { verify: () => ({ ok: false, code: 'unknown' }) }), isLocal: false },
    )
    console.log(
      `${spans.toLocaleString('en-GB')} spans over ${DAYS} days, ${rounds} times each, to reach: p95 of ${TO_REACH_MS} ms`,
    )
    console.log('| page | p50 | p95 | most | CPU p50 | CPU p95 | |\n| --- | --- | --- | --- | --- | --- | --- |')
    const slow: string[] = []
    const all: number[] = []
    for (const { page, of } of QUERIES) {
      const times: number[] = []
      const cpuMs: number[] = []
      let bytes = 0
      // The first warms what any server of some minutes has warm.
      for (let round = -1; round < rounds; round++) {
        const cpu = process.cpuUsage()
        const startMs = performance.now()
        const response = await app.request(of(Math.max(0, round), load))
        bytes = (await response.text()).length
        if (!response.ok) throw new Error(`${of(round, load)} gave ${response.status}`)
        if (round < 0) continue
        times.push(performance.now() - startMs)
        const { user, system } = process.cpuUsage(cpu)
        cpuMs.push((user + system) / 1_000)
      }
      const sorted = { wall: times.toSorted((a, b) => a - b), cpu: cpuMs.toSorted((a, b) => a - b) }
      all.push(...times)
      const cells = [
        ...[quantile(sorted.wall, 0.5), quantile(sorted.wall, 0.95), sorted.wall.at(-1) ?? Number.NaN],
        ...[quantile(sorted.cpu, 0.5), quantile(sorted.cpu, 0.95)],
      ]
      if (quantile(sorted.wall, 0.95) > TO_REACH_MS) slow.push(page)
      console.log(
        `| ${[page, ...cells.map((ms) => `${ms.toFixed(0)} ms`), `${(bytes / 1e3).toFixed(0)} kB`].join(' | ')} |`,
      )
    }
    const sorted = all.toSorted((a, b) => a - b)
    console.log(
      `all ${sorted.length} questions together: p50 ${quantile(sorted, 0.5).toFixed(0)} ms, p95 ${quantile(sorted, 0.95).toFixed(0)} ms`,
    )
    console.log(slow.length === 0 ? 'all within' : `not within: ${slow.join('; ')}`)
  } finally {
    await queue.close()
    await store.close()
    rmSync(queueDir, { recursive: true })
    if (folder === undefined) rmSync(dataDir, { recursive: true })
  }
}

if (import.meta.main) await run({ spans: 1_000_000, rounds: 10, ...(process.argv[2] && { folder: process.argv[2] }) })
