import { expect, test } from 'vitest'
import type { LiveAgent, Result, StreamEvent, TraceSummary } from '../../../client/api.ts'
import { afterEvents, NOTHING, newest } from './live-state.ts'
import { askAgainMs, type LiveTrace, newestTraces, ofRoot, ofSummary } from './live-trace.ts'

const result = (evalId: string, at: number, more: Partial<Result> = {}): Result =>
  ({
    eval: evalId,
    traceId: 't',
    evaluatedAt: new Date(at).toISOString(),
    revision: 1,
    verdict: 'pass',
    ...more,
  }) as Result
const told = (data: Result, id: string): StreamEvent => ({ type: 'result', id, data })
const agent = (name: string, at: number): LiveAgent =>
  ({ agent: name, lastSeen: new Date(at).toISOString() }) as LiveAgent

test('verdicts are shown once each, the latest revision, newest first, and so many', () => {
  const later = result('a', 5, { revision: 2, verdict: 'fail' })
  const state = afterEvents(NOTHING, [told(result('a', 1), 'r1'), told(result('b', 2), 'r2'), told(later, 'r3')])
  expect(state.results).toEqual([later, result('b', 2)])
  expect(state.lastEventId).toBe('r3')
  expect(afterEvents(state, [told(result('a', 1), 'r4')]).results[0]).toEqual(later)
  expect(newest(Array.from({ length: 300 }, (_, i) => result(`e${i}`, i)))).toHaveLength(100)
})

test('agents are those that were told of, the last seen first; what is dropped adds up', () => {
  expect(afterEvents(NOTHING, [told(result('a', 1), 'r1')]).agents).toBe(null)
  let state = afterEvents(NOTHING, [
    { type: 'agent', data: agent('one', 1) },
    { type: 'agent', data: agent('two', 2) },
    { type: 'dropped', data: { events: 3, inAll: 3 } },
  ])
  expect(state.agents?.map((one) => one.agent)).toEqual(['two', 'one'])
  state = afterEvents(state, [
    { type: 'agent', data: agent('one', 9) },
    { type: 'agent_gone', data: { agent: 'two' } },
    { type: 'dropped', data: { events: 4, inAll: 7 } },
  ])
  expect(state.agents).toEqual([agent('one', 9)])
  expect(state.dropped).toBe(7)
})

test('traces are told of by their roots, once each, those that ended last first, and so many', () => {
  const root = (trace: number, second: number, more: object = {}): StreamEvent =>
    ({
      type: 'span',
      id: 's',
      data: {
        traceId: `${trace}`,
        name: 'run',
        startTime: `2026-11-21T12:00:0${second}.000000Z`,
        durationMs: 500,
        ...more,
      },
    }) as unknown as StreamEvent
  const failed = root(1, 4, { status: 'error', input: { text: 'Where is it?' }, agent: { name: 'desk' } })
  const state = afterEvents(NOTHING, [root(2, 3, { input: { text: '' } }), failed, root(2, 5)])
  expect(state.traces).toEqual([
    {
      ...{ traceId: '2', endedAt: '2026-11-21T12:00:05.500Z', durationMs: 500, title: 'run' },
      ...{ agent: undefined, hasFailed: false },
    },
    {
      ...{ traceId: '1', endedAt: '2026-11-21T12:00:04.500Z', durationMs: 500, title: 'Where is it?' },
      ...{ agent: 'desk', hasFailed: true },
    },
  ])
  expect(
    afterEvents(
      state,
      Array.from({ length: 9 }, (_, n) => root(n, n)),
    ).traces.map(({ traceId }) => traceId),
  ).toEqual(['8', '7', '6', '5', '4', '3'])
})

test('rows of one time stay as they are', () => {
  const results = ['a', 'b', 'c'].map((evalId) => result(evalId, 1))
  expect(newest(results)).toEqual(results)
  const traces = ['a', 'b', 'c'].map((traceId) => ({ traceId, endedAt: '2026-11-21T12:00:04.500Z' }) as LiveTrace)
  expect(newestTraces(traces)).toEqual(traces)
  const agents = ['a', 'b', 'c'].map((name) => agent(name, 1))
  const told = agents.map((data): StreamEvent => ({ type: 'agent', data }))
  expect(afterEvents(NOTHING, told).agents).toEqual(agents)
})

test('a streamed trace is told as the store has it, once its root is in that', () => {
  const root = ofRoot({
    type: 'span',
    id: 's',
    data: { traceId: '1', name: 'run', startTime: '2026-11-21T12:00:00.000900Z', durationMs: 999.1, status: 'unset' },
  } as unknown as StreamEvent & { type: 'span' })
  const stored = (startTime: string, durationMs: number): LiveTrace =>
    ofSummary({
      traceId: '1',
      name: 'run',
      startTime,
      durationMs,
      input: 'Where is it?',
      failedSpans: 1,
    } as TraceSummary)
  const ofChild = stored('2026-11-21T12:00:00.001000Z', 900)
  const whole = stored('2026-11-21T12:00:00.000900Z', 999.1)
  // Its first span began before its root.
  const wholeSooner = stored('2026-11-21T11:59:59.999950Z', 1_000.05)
  expect(newestTraces([root], [ofChild])).toEqual([root])
  expect(newestTraces([root], [whole])).toEqual([whole])
  expect(newestTraces([root], [wholeSooner])).toEqual([wholeSooner])
})

test.each([
  ['no root came', null, 0, false],
  ['not since the last root', 10_000, 9_000, 2_000],
  ['perhaps too soon after it', 10_000, 19_999, 2_000],
  ['when it was stored', 10_000, 20_000, false],
] as const)(
  'the store is asked again until it should have the last root: answered %s',
  (_, toldAtMs, answeredAtMs, everyMs) => {
    expect(askAgainMs(toldAtMs, answeredAtMs)).toBe(everyMs)
  },
)
