import { expect, test } from 'vitest'
import type { TracesResponse } from '../../../client/api.ts'
import { eachOnce } from './each-once.ts'

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
