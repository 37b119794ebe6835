import { expect, test } from 'vitest'
import { makeSpan } from './make-span.ts'

test('every span has the same properties in the same order, whatever was given', () => {
  const bare = makeSpan()
  const full = makeSpan({ links: [], outputText: 'hi', tenant: 't', kind: 'llm' })
  expect(Object.keys(full)).toEqual(Object.keys(bare))
  expect(full).toMatchObject({ tenant: 't', kind: 'llm', outputText: 'hi' })
})

test('what was not sent is undefined, never null, empty or zero', () => {
  const { inputText, costMicroUsd, parentSpanId, documents } = makeSpan()
  expect([inputText, costMicroUsd, parentSpanId, documents]).toEqual([undefined, undefined, undefined, undefined])
})
