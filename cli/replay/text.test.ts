import { expect, test } from 'vitest'
import type { ReplayJson } from '../../server/schemas.ts'
import { NO_COUNTS } from '../../storage/replays/replay.ts'
import { remarksOf } from './text.ts'

const replayWith = (counts: Partial<ReplayJson['counts']>): ReplayJson => ({
  run: 'replay@1',
  state: 'done',
  askedAt: '2026-06-01T12:00:00.000Z',
  from: '2026-06-01T11:00:00.000Z',
  to: '2026-06-01T12:00:00.000Z',
  source: 'log',
  evals: ['test/short'],
  alerts: false,
  spansPerSecond: 1_000,
  estimate: { records: 1, spans: 1, traces: 1 },
  notes: [],
  definitions: 'none',
  progress: 1,
  counts: { ...NO_COUNTS, ...counts },
})

test('nothing is remarked of a replay that could judge everything', () => {
  expect(remarksOf(replayWith({ traces: 9, spans: 20, results: 9 }))).toEqual([])
})

test('traces that could not be completed are shown, apart from the pieces that were not judged', () => {
  expect(remarksOf(replayWith({ cutTraces: 1, unjudgedPieces: 2 }))).toEqual([
    '2 pieces of traces could not be completed: not judged',
    '1 trace could not be completed from the store: unknown',
  ])
})
