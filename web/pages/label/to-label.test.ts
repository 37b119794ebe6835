import { expect, test } from 'vitest'
import type { Label, Result } from '../../../client/api.ts'
import { queueOf } from './to-label.ts'

const result = (traceId: string, verdict: Result['verdict']): Result => ({ traceId, verdict }) as Result
const label = (traceId: string, by: string): Label => ({ traceId, by }) as Label

test('both verdicts come in turn, without what is undecided or labelled by the same person', () => {
  const results = [
    result('a', 'pass'),
    result('b', 'pass'),
    result('c', 'pass'),
    result('d', 'fail'),
    result('e', 'unknown'),
    result('f', 'pass'),
  ]
  const queue = queueOf(results, [label('b', 'ana'), label('a', 'ben')], 'ana')
  expect(queue.map(({ traceId }) => traceId)).toEqual(['a', 'd', 'c', 'f'])
})

test('of a subject that was judged again the latest counts', () => {
  expect(queueOf([result('a', 'unknown'), result('a', 'fail')], [], 'ana')).toEqual([])
})
