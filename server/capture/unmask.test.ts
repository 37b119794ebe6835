import { expect, test } from 'vitest'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import { resultToJson } from '../result-json.ts'
import { withMadeUp } from './unmask.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const rootId = '00000000000000aa'
const callId = '00000000000000bb'
const root = (outputText: string) => makeSpan({ traceId, spanId: rootId, kind: 'agent', outputText })
const call = (outputText: string) =>
  makeSpan({ traceId, spanId: callId, parentSpanId: rootId, kind: 'llm', outputText })

function stored(spanId: string, ...evidence: { start: number; end: number; pattern: string; spanId?: string }[]) {
  const whole = evidence.map((one) => ({ field: 'output.text', masked: '***', ...one }))
  return resultToJson(
    makeResult({ evalId: 'shop/clean', traceId, spanId, verdict: 'fail', evidence: whole }),
    () => null,
  )
}

test('a mask becomes made-up data of the kind that stood there, each in its place', () => {
  const text = 'Ask *********** or ****************.'
  const result = stored(
    callId,
    { start: 4, end: 15, pattern: 'pii.email' },
    { start: 19, end: 35, pattern: 'people.card' },
  )
  expect(withMadeUp([root('*'), call(text)], [result]).map((span) => span.outputText)).toEqual([
    '*',
    'Ask someone@example.com or 4111 1111 1111 1111.',
  ])
})

test('evidence of an aggregate names its span, and that of a trace means the root', () => {
  const ofTrace = stored(
    '',
    { start: 0, end: 4, pattern: 'pii.ip' },
    { start: 0, end: 4, pattern: 'pii.ip', spanId: callId },
  )
  expect(withMadeUp([root('****'), call('****')], [ofTrace]).map((span) => span.outputText)).toEqual([
    '93.184.216.34',
    '93.184.216.34',
  ])
})

test.each([
  ['what is not masked', 'Ask jo@acme.com.', { start: 4, end: 15, pattern: 'pii.email' }],
  ['what a pattern of an unknown kind matched', 'Ask ***********.', { start: 4, end: 15, pattern: 'shop.order' }],
  ['a place behind the text', 'Ask', { start: 4, end: 15, pattern: 'pii.email' }],
])('%s stays as it is stored', (_, text, evidence) => {
  expect(withMadeUp([call(text)], [stored(callId, evidence)])[0]?.outputText).toBe(text)
})

test('matches that overlap become one', () => {
  const evidence = [
    { start: 0, end: 20, pattern: 'pii.card' },
    { start: 4, end: 24, pattern: 'pii.phone' },
  ]
  const [span] = withMadeUp([call('*'.repeat(24))], [stored(callId, ...evidence)])
  expect(span?.outputText).toBe('****+1 202-555-0143')
})
