import { expect, test } from 'vitest'
import { describeAlert } from './message.ts'
import { sampleMessage } from './receivers/sample.ts'

test.each([
  ['score 3.5s', 3500, 'ms'],
  ['score 0.31 USD', 0.31, 'USD'],
  ['score 82%', 0.82, 'ratio'],
  ['score 3500', 3500, 'tokens'],
  ['score 4.333', 13 / 3, undefined],
])('an example with %s', (shown, score, scoreUnit) => {
  const route = { receiver: 'console', target: '' } as const
  const at = { atMs: 0, sinceMs: 0, ref: null }
  const { transition } = sampleMessage({ id: 'a', tenant: 'default', route, event: 'firing', ...at }).items[0]!
  const subject = { subjectKind: 'trace', traceId: 'a'.repeat(32), spanId: '', agentName: undefined } as const
  const example = { ...subject, score, ...(scoreUnit !== undefined && { scoreUnit }), reason: undefined, evidence: [] }
  expect(describeAlert({ ...transition, examples: [example] }).examples[0]?.details).toEqual([shown])
})
