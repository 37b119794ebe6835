import { expect, test } from 'vitest'
import { describeAlert } from './message.ts'
import type { NotifiedTransition } from './notification.ts'
import { sampleMessage } from './receivers/sample.ts'

type Measure = NotifiedTransition['numbers']['measure']

function detailsOf(measure: Measure, score: number): string[] | undefined {
  const route = { receiver: 'console', target: '' } as const
  const at = { atMs: 0, sinceMs: 0, ref: null }
  const { transition } = sampleMessage({ id: 'a', tenant: 'default', route, event: 'firing', ...at }).items[0]!
  const subject = { subjectKind: 'trace', traceId: 'a'.repeat(32), spanId: '', agentName: undefined } as const
  const examples = [{ ...subject, score, reason: undefined, evidence: [] }]
  return describeAlert({ ...transition, numbers: { ...transition.numbers, measure }, examples }).examples[0]?.details
}

test.each<[string, Measure, number]>([
  ['score 3.5s', { kind: 'score', fn: 'mean', type: { kind: 'duration' } }, 3500],
  ['score 0.31 USD', { kind: 'score', fn: 'max', type: { kind: 'money', currency: 'USD' } }, 0.31],
  ['score 82%', { kind: 'score', fn: 'p50', type: { kind: 'ratio' } }, 0.82],
  // A rate's type is that of the rate.
  ['score 3500', { kind: 'rate', verdict: 'fail', type: { kind: 'ratio' } }, 3500],
])('an example with %s', (shown, measure, score) => {
  expect(detailsOf(measure, score)).toEqual([shown])
})
