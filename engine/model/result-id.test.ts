import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeResult } from './make-result.ts'
import type { EvalResult } from './result.ts'
import { resultId } from './result-id.ts'

const base = makeResult({
  evalId: 'checkout/fast',
  measureHash: 'm'.repeat(32),
  verdictHash: 'v'.repeat(32),
  traceId: 'a'.repeat(32),
})

test('is 32 hex digits and the same in every process', () => {
  expect(resultId(base)).toBe('c3427f06a9631b94fc5eaa0a5cc29f58')
})

test.each<[string, Partial<EvalResult>]>([
  ['tenant', { tenant: 'other' }],
  ['eval', { evalId: 'checkout/slow' }],
  ['measure', { measureHash: 'x' }],
  ['verdict hash', { verdictHash: 'x' }],
  ['subject kind', { subjectKind: 'span' }],
  ['trace', { traceId: 'b'.repeat(32) }],
  ['span', { spanId: 'b'.repeat(16) }],
  ['run', { runId: 'x@1' }],
  ['revision', { revision: 2 }],
])('another %s is another id', (_, change) => {
  expect(resultId({ ...base, ...change })).not.toBe(resultId(base))
})

test('what the verdict says and when it was said are outside', () => {
  const again = { ...base, verdict: 'fail' as const, score: 3, evaluatedAtMs: 99, explanation: 'why' }
  expect(resultId(again)).toBe(resultId(base))
})

test('parts do not run into each other', () => {
  const name = fc.stringMatching(/^[a-z/]{0,6}$/)
  fc.assert(
    fc.property(name, name, name, name, (a, b, c, d) => {
      fc.pre(a !== c || b !== d)
      expect(resultId({ ...base, tenant: a, evalId: b })).not.toBe(resultId({ ...base, tenant: c, evalId: d }))
    }),
  )
})
