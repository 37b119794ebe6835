import { expect, test } from 'vitest'
import type { Result, TracesResponse } from '../../../client/api.ts'
import { eachOnce, eachVerdictOnce } from './each-once.ts'

const trace = (traceId: string, startTime: string) => ({ traceId, startTime }) as TracesResponse['traces'][number]

test('a trace that comes again on a later page stays where it was first', () => {
  const [paused, other, older] = [trace('a', '12:00'), trace('b', '11:00'), trace('c', '09:00')]
  expect(eachOnce([{ traces: [paused, other] }, { traces: [older, trace('a', '08:00')] }])).toEqual([
    paused,
    other,
    older,
  ])
  expect(eachOnce([])).toEqual([])
})

test('the verdicts of a trace that comes again do not, and those of other runs and traces stay', () => {
  const verdict = (traceId: string, runId?: string) =>
    ({ eval: 'desk/ended_well', traceId, ...(runId !== undefined && { runId }) }) as Result
  const [first, byRun, other] = [verdict('a'), verdict('a', 'r1'), verdict('b')]
  expect(
    eachVerdictOnce([{ results: [first, byRun] }, { results: [other, verdict('a'), verdict('a', 'r1')] }]),
  ).toEqual([first, byRun, other])
})
