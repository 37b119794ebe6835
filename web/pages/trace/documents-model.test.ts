import { expect, test } from 'vitest'
import type { Result } from '../../../client/api.ts'
import { marksByDocument, relevancesOf } from './documents-model.ts'
import type { Trace, TraceSpan } from './trace-model.ts'

const judged = (about: string, evalId = 'shop/relevant'): Result =>
  ({ eval: evalId, judgements: [{ kind: 'document', about, verdict: 'grade 2', value: 2 }] }) as unknown as Result

test('a judge names a document by its id, or by its number in this retrieval alone', () => {
  const span = { results: [judged('2')] } as unknown as TraceSpan
  const trace = { results: [judged('kb-1', 'shop/of_trace'), judged('1', 'shop/of_trace')] } as unknown as Trace
  const found = relevancesOf(trace, span, [{ id: 'kb-1' }, {}])
  expect(found.map((own) => own.map(({ evalId }) => evalId))).toEqual([['shop/of_trace'], ['shop/relevant']])
})

test('marks go to the document in which they lie', () => {
  const marks = [
    { start: 0, end: 3, patterns: ['a'] },
    { start: 8, end: 10, patterns: ['b'] },
  ]
  // 'first' is 0 to 5, 'second' begins behind the two line ends.
  expect(marksByDocument(marks, [{ text: 'first' }, { id: 'no text' }, { text: 'second' }])).toEqual([
    [{ start: 0, end: 3, patterns: ['a'] }],
    [],
    [{ start: 1, end: 3, patterns: ['b'] }],
  ])
})
