import { expect, test } from 'vitest'
import type { LiveAgent, Result, StreamEvent } from '../../../client/api.ts'
import { afterEvents, NOTHING, newest } from './live-state.ts'

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
