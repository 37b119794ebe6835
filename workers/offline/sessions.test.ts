/** Runs over sessions and over half-flagged samples, on the real store, queue, log and HTTP. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { Plan } from '../../dsl/plan.ts'
import { compileText } from '../../dsl/testing.ts'
import { decodeResults } from '../../engine/codec/results.ts'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { plansOfOne } from '../../storage/definitions/plans.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { type ChatRequest, type OpenAiServer, startOpenAiServer } from '../../test/support/openai-server.ts'
import type { Offline } from './offline-options.ts'
import { startOffline } from './start.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const SLOT_MS = Date.parse('2026-11-03T06:00:00Z')
const MINUTE_US = 60_000_000

let dataDir: string
let traces: TracesStore
let log: EmbeddedLog
let storedMs = SLOT_MS
let nowMs = SLOT_MS
let server: OpenAiServer | undefined
let offline: Offline | null = null
const notices: string[] = []

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'assay-sessions-'))
  traces = await openTraces({ dataDir, nowMs: () => storedMs })
  await traces.migrate()
  log = await openEmbeddedLog({ dataDir, retentionIntervalMs: null })
  await log.ensureTopics([
    { name: 'eval-results', partitions: 1, retentionMs: null, retentionBytes: null, compacted: false },
  ])
})
afterEach(async () => {
  await offline?.drain()
  await server?.close()
  offline = null
})
afterAll(async () => {
  await log.close()
  await traces.close()
  await rm(dataDir, { recursive: true, force: true })
})

const idOf = (n: number): string => n.toString(16).padStart(32, '0')

/** A trace of a session that began so many minutes before the slot: a root that names the session, and a tool's call that does not. */
async function turn(n: number, sessionId: string | undefined, minutesBefore: number, answer: string): Promise<void> {
  const startTimeUs = SLOT_MS * 1000 - minutesBefore * MINUTE_US
  storedMs = startTimeUs / 1000 + 5_000
  const at = { traceId: idOf(n), agentName: 'helpdesk', env: 'prod', startTimeUs, durationNs: 1e9 }
  const root = makeSpan({
    ...at,
    spanId: '1'.padStart(16, '0'),
    kind: 'agent',
    sessionId,
    inputText: `question ${n}`,
    outputText: answer,
  })
  const call = makeSpan({
    ...at,
    spanId: '2'.padStart(16, '0'),
    parentSpanId: root.spanId,
    kind: 'tool',
    toolName: 'search',
  })
  await traces.insertSpans([root, call], `test:turn-${n}`)
  storedMs = SLOT_MS
}

function planOf(text: string): Plan {
  const { plan, diagnostics } = compileText(`package qa\n${text}`)
  if (plan === null) throw new Error(diagnostics.map(({ message }) => message).join('; '))
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  return plan
}

async function run(plan: Plan, evalId: string): Promise<EvalResult[]> {
  const definitions = { ...plansOfOne('default', () => plan), onChange: () => {} }
  nowMs = SLOT_MS - 1_000
  offline = await startOffline({
    log,
    traces,
    queue: { dataDir },
    definitions,
    providers: [{ name: 'openai', baseUrl: server?.url ?? '', apiKey: null }],
    nowMs: () => nowMs,
    onNotice: (message) => notices.push(message),
    sleep: async () => {},
  })
  nowMs = SLOT_MS + 1_000
  const outcome = await offline.runNow('default', evalId, { at: 'slot' })
  if (!outcome.ok) throw new Error(outcome.message)
  while ((await offline.runState('default', outcome.runId)) !== 'done')
    await new Promise((resolve) => setTimeout(resolve, 20))
  const results: EvalResult[] = []
  for (const { partition, start } of await log.endOffsets('eval-results'))
    for (const record of await log.read('eval-results', partition, start, 1_000))
      if (record.headers.eval === evalId) results.push(...decodeResults(record.value))
  return results
}

const told = (request: ChatRequest): string => String(request.messages[1]?.content)
const answered = (score: number) => ({
  kind: 'content' as const,
  content: JSON.stringify({ evidence: [], reasoning: 'Read.', abstain: false, score }),
  usage: { input: 50, output: 10 },
})

test('sessions that went silent are judged whole, each once, and the rest is of another run', async () => {
  // Two turns, the last 40 min before the slot: over. Its first began before the window.
  await turn(1, 'over', 100, 'Which parcel?')
  await turn(2, 'over', 40, 'It is solved.')
  // Went silent before the window; still goes on; silent, and somebody else's; no session.
  await turn(3, 'long ago', 200, 'Bye.')
  await turn(4, 'goes on', 50, 'One moment.')
  await turn(5, 'goes on', 10, 'Still there?')
  await turn(6, 'angry', 45, 'No.')
  await turn(7, undefined, 45, 'Nobody is asked of this.')
  server = await startOpenAiServer({ answer: (request) => answered(/It is solved/.test(told(request)) ? 5 : 1) })
  const results = await run(
    planOf(`
offline eval ended_well {
  every:    hour in "UTC"
  sample:   all of session where agent.name == "helpdesk" and count(tool_call) >= 1 over 1h
  judge:    "openai/gpt-5-mini"
  show:     trace.input.text, trace.output.text, tool_call.name, duration
  scale:    1 to 5
  rubric:   "5 solved, 1 not"
  pass:     score >= 4
  missing:  unknown
}`),
    'qa/ended_well',
  )
  expect(
    results
      .map(({ traceId, spanId, subjectKind, verdict, score }) => [traceId, spanId, subjectKind, verdict, score])
      .sort(),
  ).toEqual([
    [idOf(1), '', 'session', 'pass', 5],
    [idOf(6), '', 'session', 'fail', 1],
  ])
  expect(results.find(({ traceId }) => traceId === idOf(1))).toMatchObject({
    subjectTimeUs: SLOT_MS * 1000 - 100 * MINUTE_US,
    agentName: 'helpdesk',
    env: 'prod',
    inclusionProbability: 1,
    judgeInputTokens: 50,
  })
  const prompt = server.requests.map(({ body }) => told(body)).find((text) => text.includes('It is solved.'))
  for (const part of ['"question 1"', '"question 2"', '"Which parcel?"', '"It is solved."', '"search"', '3601000 ms'])
    expect(prompt).toContain(part)
  expect(server.requests).toHaveLength(2)
  expect(notices).toEqual([])
})

test('where no session was over, the run says when one is', async () => {
  server = await startOpenAiServer({ answer: () => answered(1) })
  notices.length = 0
  const results = await run(
    planOf(`
offline eval nobody {
  every:    hour in "UTC"
  sample:   all of session over 1m
  judge:    "openai/gpt-5-mini"
  show:     trace.output.text
  scale:    1 to 5
  rubric:   "5 solved, 1 not"
  pass:     score >= 4
  missing:  unknown
}`),
    'qa/nobody',
  )
  expect(results).toEqual([])
  expect(notices).toEqual([
    expect.stringContaining('qa/nobody: No session was over: a session is judged when nothing of it began for 30 min'),
  ])
})

test('a metric on sessions looks at the calls of all of its traces', async () => {
  server = await startOpenAiServer({ answer: () => answered(1) })
  const results = await run(
    planOf(`
offline eval same_calls {
  every:    hour in "UTC"
  sample:   all of session over 1h
  metric:   trajectory_match(expected: ["search", "search"], take: "exact")
  pass:     score >= 100%
  missing:  unknown
}`),
    'qa/same_calls',
  )
  expect(results.map(({ traceId, verdict }) => [traceId, verdict]).sort()).toEqual([
    [idOf(1), 'pass'],
    [idOf(6), 'fail'],
  ])
  expect(server.requests).toEqual([])
})

test('half of a sample is drawn where an online eval failed or a panel disagreed, and says so', async () => {
  const online = (n: number, fields: Partial<EvalResult> = {}): EvalResult =>
    makeResult({
      evalId: 'qa/online',
      traceId: idOf(n),
      subjectTimeUs: SLOT_MS * 1000 - 20 * MINUTE_US,
      evaluatedAtMs: SLOT_MS - 60_000,
      verdict: 'fail',
      ...fields,
    })
  for (let n = 100; n < 160; n++) await turn(n, undefined, 20, 'An answer.')
  const spread = [{ kind: 'judge', about: 'panel', verdict: 'disagree', value: 2 }] as const
  await traces.insertResults(
    [
      online(100),
      online(101),
      // Mended by a later revision; in the shadow; said after the slot: none of them flags.
      online(102),
      online(102, { revision: 2, verdict: 'pass', evaluatedAtMs: SLOT_MS - 50_000 }),
      online(103, { mode: 'shadow' }),
      online(104, { evaluatedAtMs: SLOT_MS + 5_000 }),
      // Another eval's panel could not agree; a judge's fail is no flag.
      online(105, { evalId: 'qa/panel', runId: 'qa/panel@1', verdict: 'pass', judgements: spread }),
      online(106, { evalId: 'qa/judged', runId: 'qa/judged@1' }),
    ],
    'test:flags',
  )
  server = await startOpenAiServer({ answer: () => answered(4) })
  const results = await run(
    planOf(`
offline eval leaning {
  every:    hour in "UTC"
  sample:   20 of trace where input.text starts with "question 1" and session.id is missing over 30m, half flagged
  judge:    "openai/gpt-5-mini"
  show:     output.text
  scale:    1 to 5
  rubric:   "5 solved, 1 not"
  pass:     score >= 4
  missing:  unknown
}`),
    'qa/leaning',
  )
  // 3 of 60 are flagged: all of them are drawn, and 17 of the rest evenly.
  const flagged = new Set([100, 101, 105].map(idOf))
  expect(results.filter(({ traceId }) => flagged.has(traceId))).toHaveLength(3)
  for (const { traceId, inclusionProbability, drawnFor } of results) {
    expect(inclusionProbability).toBeCloseTo(flagged.has(traceId) ? 1 : 17 / 57, 12)
    if (!flagged.has(traceId)) expect(drawnFor).toBeUndefined()
  }
  const targeted = results.filter(({ drawnFor }) => drawnFor === 'flagged')
  expect(targeted.length).toBeGreaterThan(0)
  // It is stored so, and what alerts compare with leaves it out.
  await traces.insertResults(results, 'test:leaning')
  const stored = await traces.queryResults('default', { evalId: 'qa/leaning', limit: 100 })
  expect(stored.filter(({ drawnFor }) => drawnFor === 'flagged')).toHaveLength(targeted.length)
  const [{ measureHash = '' } = {}] = results
  const history = { evalId: 'qa/leaning', measureHash, fromMs: 0, toMs: nowMs + 1, stepMs: 3_600_000, bins: null }
  const steps = await traces.resultHistory('default', history)
  expect(steps.reduce((sum, { scores }) => sum + scores.count, 0)).toBe(results.length - targeted.length)
})
