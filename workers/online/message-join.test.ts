import { expect, test } from 'vitest'
import type { SpanMessages } from '../../engine/conventions/span-messages.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import { defaultJoinBudget, MessageJoin } from './message-join.ts'

const HOLD_MS = 120_000
const span = (spanId: string) => makeSpan({ kind: 'llm', traceId: '1'.repeat(32), spanId: spanId.padEnd(16, '0') })
function said(spanId: string, side: 'input' | 'output', content: string = side, key = side + content): SpanMessages {
  const messages = [{ role: side === 'input' ? 'user' : 'assistant', parts: [{ type: 'text' as const, content }] }]
  return {
    tenant: 'default',
    traceId: '1'.repeat(32),
    spanId: spanId.padEnd(16, '0'),
    timeUs: 1,
    timeSubUs: 0,
    key,
    inputMessages: side === 'input' ? messages : undefined,
    outputMessages: side === 'output' ? messages : undefined,
  }
}
const newJoin = (maxBytes = 1 << 20) => {
  const budget = { ...defaultJoinBudget(), maxBytes }
  return { join: new MessageJoin(budget, HOLD_MS), budget }
}

test('messages before their span are in it when it comes', () => {
  const { join } = newJoin()
  expect(join.addMessages([said('a', 'input'), said('a', 'output')], 0, 0)).toEqual([])
  expect(join.addSpan(span('a'), 1, 0)).toMatchObject({
    span: { inputText: 'input', outputText: 'output' },
    revision: 1,
  })
})

test('messages after their span make it fuller, a revision for each record that does', () => {
  const { join } = newJoin()
  expect(join.addSpan(span('a'), 0, 0)).toMatchObject({ span: { inputText: undefined }, revision: 1 })
  expect(join.addMessages([said('a', 'input')], 1, 1)).toMatchObject([{ span: { inputText: 'input' }, revision: 2 }])
  expect(join.addMessages([said('a', 'input')], 2, 2)).toEqual([])
  expect(join.addMessages([said('a', 'output')], 3, 9 * 60_000)).toMatchObject([
    { span: { inputText: 'input', outputText: 'output' }, revision: 3 },
  ])
  // The span that is sent again is the same one.
  expect(join.addSpan(span('a'), 4, 3)).toMatchObject({ span: { outputText: 'output' }, revision: 3 })
})

test('a span that says it all itself waits for nothing, and nobody holds it', () => {
  const { join, budget } = newJoin()
  join.addMessages([said('z', 'input'), said('z', 'output')], 0, 0)
  join.addSpan(span('z'), 1, 0)
  const whole = { ...span('a'), inputText: 'mine', outputText: 'mine' }
  expect(join.addSpan(whole, 2, 0)).toEqual({ span: whole, revision: 1 })
  expect(join.heldOffset(0)).toBeNull()
  join.drop()
  expect(budget.sizeBytes).toBe(0)
})

test('what waits holds its offset, for two minutes at most', () => {
  const { join } = newJoin()
  join.addSpan(span('before'), 0, 0)
  // Nobody has sent messages yet: spans without texts are what many send.
  expect(join.heldOffset(0)).toBeNull()
  join.addMessages([said('a', 'input')], 5, 1_000)
  join.addSpan(span('b'), 6, 2_000)
  expect(join.heldOffset(2_000)).toBe(5)
  join.addMessages([said('a', 'output')], 7, 3_000)
  join.addSpan(span('a'), 8, 3_000)
  expect(join.heldOffset(3_000)).toBe(6)
  expect(join.heldOffset(2_000 + HOLD_MS)).toBeNull()
})

test('memory is bounded: the oldest are let go', () => {
  const { join, budget } = newJoin(20_000)
  for (let index = 0; index < 1_000; index++) {
    join.addMessages([said(String(index), 'input', 'x'.repeat(2_000))], index, 0)
    expect(budget.sizeBytes).toBeLessThanOrEqual(20_000)
  }
  expect(join.addSpan(span('0'), 1_001, 0)).toMatchObject({ span: { inputText: undefined } })
  expect(join.addSpan(span('999'), 1_002, 0)).toMatchObject({ span: { inputText: 'x'.repeat(2_000) } })
})

test('the first messages of a tenant find the spans of just now, in their partition, and no others', () => {
  const { join, budget } = newJoin()
  const other = new MessageJoin(budget, HOLD_MS)
  const ofOther = makeSpan({ ...span('c'), tenant: 'other' })
  join.addSpan(span('old'), 0, 0)
  for (let index = 0; index < 97; index++) join.addSpan(span(`n${index}`), index + 1, 0)
  join.addSpan(span('a'), 98, 0)
  other.addSpan(span('b'), 0, 0)
  join.addSpan(ofOther, 99, 0)
  const first = [
    said('old', 'input'),
    said('a', 'input'),
    said('b', 'input'),
    { ...said('c', 'input'), tenant: 'other' },
  ]
  const found = join.addMessages(first, 100, 1)
  expect(found.map(({ span: { tenant, spanId } }) => `${tenant} ${spanId}`)).toEqual([
    'default a000000000000000',
    'other c000000000000000',
  ])
  expect(other.addMessages([said('b', 'input')], 1, 1)).toMatchObject([{ span: { inputText: 'input' }, revision: 2 }])
})
