/** Finding traces, on the engine in process; every query runs on the server's engine as well (contract). */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan, type SpanFields } from '../../engine/model/make-span.ts'
import { weightedShare } from '../../engine/scorecard/weighted.ts'
import { hajekMean, hajekMeanOf } from '../../engine/statistics/hajek-mean.ts'
import { encodeRows } from './encode.ts'
import { openTraces } from './open.ts'
import type { TracesStore } from './port.ts'
import { longestFixed } from './search.ts'
import type { TraceSearch } from './search-port.ts'

const T0_US = Date.UTC(2026, 10, 21, 12) * 1_000
const MINUTE_US = 60_000_000
const trace = (n: number): string => n.toString(16).padStart(32, '0')
const id = (n: number): string => n.toString(16).padStart(16, '0')

let folder: string
let store: TracesStore

const span = (n: number, spanId: number, more: SpanFields = {}) =>
  makeSpan({
    tenant: 'acme',
    traceId: trace(n),
    spanId: id(spanId),
    startTimeUs: T0_US + n * MINUTE_US + spanId * 1_000,
    durationNs: 2e6,
    kind: 'llm',
    name: 'chat',
    ...more,
  })
const root = (n: number, more: SpanFields = {}) =>
  span(n, 1, {
    kind: 'agent',
    name: 'support',
    durationNs: n * 1e9,
    agentName: 'support',
    agentVersion: `1.${n}`,
    ...more,
  })
const call = (n: number, more: SpanFields = {}) => span(n, 2, { parentSpanId: id(1), ...more })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-search-'))
  store = await openTraces({ dataDir: folder })
  await store.migrate()
  const spans = [
    root(1, { sessionId: 's1', userId: 'u1', inputText: 'Where is my order?', costMicroUsd: 900 }),
    call(1, { model: 'gpt-5-mini', tokensInput: 10, tokensOutput: 3, costMicroUsd: 400 }),
    span(1, 3, {
      parentSpanId: id(1),
      kind: 'tool',
      name: 'lookup',
      toolName: 'find_order',
      toolResult: 'A-1077 is on its way',
    }),
    root(2, { sessionId: 's1', env: 'prod' }),
    call(2, { model: 'claude', status: 'error', errorMessage: 'Overloaded' }),
    root(3, { sessionId: 's2', userId: 'u2' }),
    call(3, { model: 'gpt-5-mini', outputText: 'ÄRGER with the order', costMicroUsd: 2_000 }),
  ]
  await store.insertSpans(spans, 'one')
  // Stored twice, as after a restart of the store loop.
  await store.insertSpans([spans[1]!], 'two')
  await store.insertSpans([makeSpan({ ...root(1), tenant: 'rival', traceId: trace(9) })], 'three')
  const result = {
    tenant: 'acme',
    evalId: 'shop/no_pii',
    spanId: id(2),
    measureHash: 'a',
    subjectKind: 'llm_call',
  } as const
  const of = (n: number) => ({
    ...result,
    traceId: trace(n),
    subjectTimeUs: T0_US + n * MINUTE_US,
    evaluatedAtMs: T0_US / 1_000,
  })
  await store.insertResults(
    [
      makeResult({ ...of(1), verdict: 'fail', revision: 1 }),
      // A late span turned it.
      makeResult({ ...of(1), verdict: 'pass', revision: 2, score: 4, agentVersion: '1.1' }),
      makeResult({ ...of(2), verdict: 'fail', score: 2, agentVersion: '1.2' }),
      makeResult({ ...of(3), verdict: 'unknown', measureHash: 'b' }),
      makeResult({ ...of(3), evalId: 'shop/other', verdict: 'fail' }),
      makeResult({ ...of(3), verdict: 'fail', runId: 'replay@1' }),
    ],
    'results',
  )
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const search = async (more: Partial<TraceSearch> = {}, tenant = 'acme'): Promise<number[]> => {
  const window = { fromUs: T0_US, toUs: T0_US + 60 * MINUTE_US, limit: 10 }
  const found = await store.searchTraces(tenant, { ...window, ...more })
  return found.map(({ traceId }) => Number.parseInt(traceId, 16))
}

describe('traces are found by', () => {
  test.each<[string, Partial<TraceSearch>, number[]]>([
    ['time, the newest first', {}, [3, 2, 1]],
    ['a window', { fromUs: T0_US + 90_000_000, toUs: T0_US + 150_000_000 }, [2]],
    ['agent', { agent: 'support' }, [3, 2, 1]],
    ['an agent that none is of', { agent: 'other' }, []],
    ['version', { version: '1.2' }, [2]],
    ['environment', { env: 'prod' }, [2]],
    ['session', { session: 's1' }, [2, 1]],
    ['user', { user: 'u2' }, [3]],
    ['model', { model: 'gpt-5-mini' }, [3, 1]],
    ['tool', { tool: 'find_order' }, [1]],
    ['a failed span', { status: 'error' }, [2]],
    ['no failed span', { status: 'ok' }, [3, 1]],
    ['how long they took', { minDurationMs: 1_500, maxDurationMs: 2_500 }, [2]],
    ['cost of the calls, each once', { minCostMicroUsd: 401 }, [3]],
    ['cost', { minCostMicroUsd: 400 }, [3, 1]],
    ['text in an input', { text: 'MY ORDER' }, [1]],
    ["text in a tool's result", { text: 'a-1077' }, [1]],
    ['text beyond ASCII, whatever the case', { text: 'ärger' }, [3]],
    ['a text with a number', { text: 'A-1077 IS ON' }, [1]],
    ['a text with its number and another letter', { text: 'b-1077' }, []],
    ['several of different spans', { model: 'gpt-5-mini', tool: 'find_order' }, [1]],
    ['the latest verdict of an eval', { evalId: 'shop/no_pii', verdict: 'fail' }, [2]],
    ['a verdict of any eval', { verdict: 'fail' }, [3, 2]],
    ['what came of a late span', { evalId: 'shop/no_pii', verdict: 'pass' }, [1]],
    ['an eval that looked at them', { evalId: 'shop/other' }, [3]],
    ['text that is in none, of quotes', { text: "' OR 1=1 --" }, []],
  ])('%s', async (_, filter, expected) => {
    expect(await search(filter)).toEqual(expected)
  })

  test('page by page, each once', async () => {
    expect(await search({ limit: 2 })).toEqual([3, 2])
    const after = { startUs: T0_US + 2 * MINUTE_US + 1_000, traceId: trace(2) }
    expect(await search({ limit: 2, after })).toEqual([1])
  })

  test('their tenant alone', async () => {
    expect(await search({}, 'rival')).toEqual([9])
    expect(await search({ verdict: 'fail' }, 'rival')).toEqual([])
  })
})

test('a text is found once in a trace that reaches into the next day, in its place among the others', async () => {
  const midnightUs = Date.UTC(2026, 5, 10) * 1_000
  const at = (n: number, minute: number, spanId: number, more: SpanFields = {}) =>
    makeSpan({
      ...{ tenant: 'days', traceId: trace(n), spanId: id(spanId), name: 'chat', durationNs: 1e6 },
      ...{ startTimeUs: midnightUs + minute * MINUTE_US, ...more },
    })
  const said = { outputText: 'Thank YOU' }
  await store.insertSpans(
    [
      ...[at(1, -10, 1), at(1, 10, 2, said)],
      ...[at(2, -20, 1, said), at(2, 20, 2, said)],
      at(3, 5, 1, said),
      at(4, -5, 1, said),
      // Of whole days before, each in a part of its own.
      at(5, -3 * 1_440 + 30, 1, said),
      ...[at(6, -2 * 1_440 - 1, 1, { userId: 'u' }), at(6, -2 * 1_440 + 1, 2, said)],
      at(7, -7 * 1_440, 1, said),
    ],
    'days',
  )
  const now = { fromUs: midnightUs - 6 * 1_440 * MINUTE_US, toUs: midnightUs + 720 * MINUTE_US }
  const noon = await openTraces({ dataDir: folder, nowMs: () => now.toUs / 1_000 })
  const find = async (more: Partial<TraceSearch> = {}) =>
    (await noon.searchTraces('days', { ...now, text: 'thank you', limit: 50, ...more })).map(({ traceId, spans }) => [
      Number.parseInt(traceId, 16),
      spans,
    ])
  const expected = [
    [3, 1],
    [4, 1],
    [1, 2],
    [2, 2],
    [6, 2],
    [5, 1],
  ]
  expect(await find()).toEqual(expected)
  for (const limit of [1, 2, 3, 4, 5]) expect(await find({ limit })).toEqual(expected.slice(0, limit))
  expect(await find({ user: 'u' })).toEqual([[6, 2]])
  // What began before the search's own window is not in it.
  expect(await find({ fromUs: midnightUs - 15 * MINUTE_US })).toEqual(expected.slice(0, 3))
  await noon.close()
})

test.each([
  ['Order 600. Your', ' 600. '],
  ['a 1 of 222', ' 222'],
  ['A-1077', '-1077'],
  ['où est 17?', ' 17?'],
  // Most texts have spaces and full stops.
  ['is it... here', null],
  ['a1b2', null],
])('of %j what has no letters is looked for first', (text, expected) => {
  expect(longestFixed(text)).toBe(expected)
})

test('a text is found in what was sent apart from its span, and not in the form it is kept in', async () => {
  const [early, late] = [1, 2].map((n) =>
    makeSpan({
      tenant: 'apart',
      traceId: trace(n),
      spanId: id(1),
      name: 'chat',
      startTimeUs: T0_US - n * 1_440 * MINUTE_US,
    }),
  )
  const said = (n: number, text: string) => ({
    ...{ tenant: 'apart', traceId: trace(n), spanId: id(1), key: trace(9), timeSubUs: 0 },
    timeUs: T0_US - n * 1_440 * MINUTE_US + 1_000,
    inputMessages: [{ role: 'user', parts: [{ type: 'text' as const, content: text }] }],
    outputMessages: undefined,
  })
  await store.insertSpans([early!, late!], 'apart')
  const block = encodeRows(
    'messages',
    [said(1, 'Where is "Ångström"\nnow? It has 1,077.'), said(2, 'Thank you')],
    T0_US / 1_000,
  )
  await store.insertBlocks('messages', [block], 'apart')
  const find = async (text: string) =>
    (await store.searchTraces('apart', { fromUs: T0_US - 5 * 1_440 * MINUTE_US, toUs: T0_US, limit: 50, text })).map(
      ({ traceId }) => Number.parseInt(traceId, 16),
    )
  expect(await find('THANK')).toEqual([2])
  expect(await find('is "ångström"\nNOW')).toEqual([1])
  expect(await find('It HAS 1,077.')).toEqual([1])
  expect(await find('ÅNGSTRÖM"\nNow? it has 1,077')).toEqual([1])
  expect(await find('it had 1,077')).toEqual([])
  expect(await find('chat')).toEqual([1, 2])
  for (const form of ['content', 'role', 'user', '{']) expect(await find(form)).toEqual([])
})

test('a trace that paused for hours is listed once, and none is left out for it', async () => {
  const nowUs = T0_US + 1_440 * MINUTE_US
  const at = (n: number, spanId: number, minutes: number) =>
    makeSpan({
      ...{ tenant: 'paused', traceId: trace(n), spanId: id(spanId), name: 'chat' },
      startTimeUs: nowUs - minutes * MINUTE_US,
    })
  const others = [2, 3, 4, 5, 6].map((n) => at(n, 1, 181 + n))
  await store.insertSpans([at(1, 1, 180), at(1, 2, 10), ...others], 'paused')
  const later = await openTraces({ dataDir: folder, nowMs: () => nowUs / 1_000 })
  const find = async (limit: number) =>
    (await later.searchTraces('paused', { fromUs: nowUs - 1_440 * MINUTE_US, toUs: nowUs, limit })).map(({ traceId }) =>
      Number.parseInt(traceId, 16),
    )
  for (const limit of [1, 2, 3, 6, 50]) expect(await find(limit)).toEqual([1, 2, 3, 4, 5, 6].slice(0, limit))
  await later.close()
})

test('a summary counts each span once, and calls and not the agent around them', async () => {
  const [, , first] = await store.searchTraces('acme', { fromUs: T0_US, toUs: T0_US + 60 * MINUTE_US, limit: 3 })
  expect(first).toEqual({
    traceId: trace(1),
    startUs: T0_US + MINUTE_US + 1_000,
    durationMs: 1_000,
    name: 'support',
    spans: 3,
    failedSpans: 0,
    llmCalls: 1,
    toolCalls: 1,
    agentName: 'support',
    agentVersion: '1.1',
    env: undefined,
    sessionId: 's1',
    userId: 'u1',
    models: ['gpt-5-mini'],
    inputTokens: 10,
    outputTokens: 3,
    costMicroUsd: 400,
    input: 'Where is my order?',
    output: undefined,
    verdicts: { pass: 1, fail: 0, unknown: 0, error: 0 },
    failedEvals: [],
  })
})

test('sessions, the last seen first', async () => {
  const window = { fromUs: T0_US, toUs: T0_US + 60 * MINUTE_US, limit: 10 }
  const sessions = await store.listSessions('acme', window)
  expect(sessions.map(({ sessionId, traces, userId }) => [sessionId, traces, userId])).toEqual([
    ['s2', 1, 'u2'],
    ['s1', 2, 'u1'],
  ])
  expect(await store.listSessions('acme', { ...window, user: 'u1' })).toHaveLength(1)
  expect(await store.listSessions('rival', window)).toEqual([])
})

test('a series is of latest revisions, parted by measure and label', async () => {
  const series = { evalId: 'shop/no_pii', fromMs: T0_US / 1_000, toMs: T0_US / 1_000 + 3_600_000, stepMs: 120_000 }
  const none = { pass: 0, fail: 0, unknown: 0, error: 0 }
  const found = await store.evalSeries('acme', series)
  expect(found.map(({ weighted: _, ...row }) => row)).toEqual([
    { startMs: T0_US / 1_000, measureHash: 'a', label: '', counts: { ...none, pass: 1 }, scores: 1 },
    { startMs: T0_US / 1_000 + 120_000, measureHash: 'a', label: '', counts: { ...none, fail: 1 }, scores: 1 },
    { startMs: T0_US / 1_000 + 120_000, measureHash: 'b', label: '', counts: { ...none, unknown: 1 }, scores: 0 },
  ])
  expect(found.slice(0, 2).map(({ weighted }) => hajekMeanOf(weighted.scores).mean)).toEqual([4, 2])
  const byVersion = await store.evalSeries('acme', { ...series, by: 'version', stepMs: 3_600_000 })
  expect(byVersion.map(({ label, counts }) => [label, counts.pass, counts.fail])).toEqual([
    ['1.1', 1, 0],
    ['1.2', 0, 1],
    ['', 0, 0],
  ])
})

test('what alerts compare with is of first verdicts, by step, agent and environment, with scores in bins', async () => {
  const asked = { evalId: 'shop/no_pii', measureHash: 'a', fromMs: T0_US / 1_000, toMs: T0_US / 1_000 + 3_600_000 }
  const bins = { growth: Math.log(1.02), offset: 2_000, scale: 1 }
  const rows = await store.resultHistory('acme', { ...asked, stepMs: 3_600_000, bins })
  const total = (pick: (row: (typeof rows)[number]) => number) => rows.reduce((sum, row) => sum + pick(row), 0)
  expect(rows.every(({ startMs }) => startMs % 3_600_000 === 0)).toBe(true)
  expect(total(({ counts }) => counts.pass + counts.fail + counts.unknown + counts.error)).toBeGreaterThan(0)
  expect(total(({ scores }) => scores.count)).toBe(total((row) => row.bins.reduce((sum, [, count]) => sum + count, 0)))
  const plain = await store.resultHistory('acme', { ...asked, stepMs: 3_600_000, bins: null })
  expect(plain).toEqual(rows.map((row) => ({ ...row, bins: [] })))
  expect(await store.resultHistory('rival', { ...asked, stepMs: 3_600_000, bins: null })).toEqual([])
})

test('series and histories that weigh by probability give the mean of the population; alerts compare with what was drawn evenly', async () => {
  const drawn = [
    { y: 1, pi: 0.5, drawnFor: 'flagged' },
    { y: 2, pi: 0.5 },
    { y: 5, pi: 0.1 },
    { y: 4, pi: 0.1 },
  ] as const
  await store.insertResults(
    drawn.map(({ y, pi, ...one }, i) =>
      makeResult({
        tenant: 'weighed',
        evalId: 'shop/helpful',
        measureHash: 'a',
        traceId: String(i + 1).padStart(32, '0'),
        subjectTimeUs: T0_US,
        evaluatedAtMs: T0_US / 1_000,
        runId: 'shop/helpful@1',
        score: y,
        verdict: y >= 4 ? 'pass' : 'fail',
        inclusionProbability: pi,
        ...one,
      }),
    ),
    'test:weighed',
  )
  const expected = hajekMean({ y: drawn.map(({ y }) => y), pi: drawn.map(({ pi }) => pi) })
  const window = { fromMs: T0_US / 1_000, toMs: T0_US / 1_000 + 60_000, stepMs: 60_000 }
  const [point] = await store.evalSeries('weighed', { evalId: 'shop/helpful', ...window })
  const asked = { evalId: 'shop/helpful', measureHash: 'a', ...window, bins: null }
  const [step] = await store.resultHistory('weighed', { ...asked, isWeighted: true })
  for (const weighted of [point?.weighted, step?.weighted]) {
    const { mean, se, ess } = hajekMeanOf(weighted!.scores)
    expect([mean, se, ess].map((one) => one.toFixed(9))).toEqual(
      [expected.mean, expected.se, expected.ess].map((one) => one.toFixed(9)),
    )
    expect(weightedShare(weighted!, ['pass'], ['pass', 'fail'], 4)?.rate).toBeCloseTo(20 / 24, 12)
  }
  expect(step?.scores.count).toBe(4)
  expect((await store.resultHistory('weighed', asked))[0]?.scores).toEqual({ count: 3, sum: 11, sumSquares: 45 })
})
