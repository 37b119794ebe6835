import { describe, expect, test } from 'vitest'
import { planOf } from '../../dsl/testing.ts'
import type { EvalLedger } from '../../engine/evaluate/evaluator.ts'
import { anyFailed, missedThresholds, parseThresholds, unknownName } from './gate.ts'

const plan = planOf(`package shop
online eval fast { on: trace  pass: duration < 3s }
online eval small { on: trace  pass: count(tool_call) < 3 }
online eval tried { on: trace  pass: duration < 1s  mode: shadow }
`)
const row = (name: string, pass: number, fail: number, unknown = 0, error = 0): EvalLedger => ({
  ...{ evalId: `shop/${name}`, pass, fail, unknown, error, filtered: 0, filteredUnknown: 0 },
})
const missed = (text: string, ...rows: EvalLedger[]): string[] => {
  const parsed = parseThresholds([text])
  if (!parsed.ok) throw new Error(parsed.message)
  expect(unknownName(parsed.thresholds, plan)).toBeNull()
  return missedThresholds(parsed.thresholds, plan, rows)
}

describe('thresholds', () => {
  test.each([
    ['pass_rate=95%', [row('fast', 95, 5), row('small', 1, 0)], []],
    ['pass_rate=95%', [row('fast', 94, 6)], ['pass_rate=95%: shop/fast has 94.0% (94 of 100 passed)']],
    ['pass_rate=95%', [row('fast', 94_999, 5_001)], ['pass_rate=95%: shop/fast has 94.999% (94999 of 100000 passed)']],
    // Nothing in scope is no failure of all, but one of the eval that is named.
    ['pass_rate=95%', [row('fast', 0, 0)], []],
    ['pass_rate(fast)=95%', [row('fast', 0, 0)], ['pass_rate(fast)=95%: shop/fast has no verdict at all']],
    ['pass_rate=95%', [row('fast', 0, 0, 3, 1)], ['pass_rate=95%: shop/fast decided nothing: 3 unknown, 1 errors']],
    ['coverage=90%', [row('fast', 8, 0, 1, 1)], ['coverage=90%: shop/fast has 80.0% (8 of 10 were decided)']],
    ['coverage = 80%', [row('fast', 8, 0, 1, 1)], []],
    // Shadow evals gate nothing unless they are named.
    ['pass_rate=95%', [row('tried', 0, 9)], []],
    [
      'pass_rate( shop/tried )=95%',
      [row('tried', 0, 9)],
      ['pass_rate( shop/tried )=95%: shop/tried has 0.0% (0 of 9 passed)'],
    ],
    // The one that is named has its own.
    [
      'pass_rate=100%, pass_rate(fast)=50%',
      [row('fast', 5, 5), row('small', 9, 1)],
      ['pass_rate=100%: shop/small has 90.0% (9 of 10 passed)'],
    ],
    [
      'pass_rate(fast)=50%, coverage=100%',
      [row('fast', 5, 5, 1)],
      ['coverage=100%: shop/fast has 90.9% (10 of 11 were decided)'],
    ],
  ])('%s of %j', (text, rows, expected) => {
    expect(missed(text, ...rows)).toEqual(expected)
  })

  test.each([
    ['95%'],
    ['pass_rate'],
    ['pass_rate=95'],
    ['pass_rate=0.95'],
    ['pass_rate=101%'],
    ['passrate=9%'],
    ['coverage(a b)=9%'],
    ['pass_rate=9%,'],
    [''],
  ])('%j is none', (text) => {
    expect(parseThresholds([text])).toMatchObject({ ok: false, message: expect.stringContaining("'pass_rate=95%'") })
  })

  test('names have to be those of evals', () => {
    const parsed = parseThresholds(['coverage(fats)=9%'])
    if (!parsed.ok) throw new Error(parsed.message)
    expect(unknownName(parsed.thresholds, plan)).toMatch(/names fats, and there is no such eval.*fast/)
    const other = planOf('package shop\nonline eval fast { on: trace  pass: duration < 3s }')
    const twice = { ...plan, evals: [...plan.evals, { ...other.evals[0]!, id: 'other/fast' }] }
    const fast = parseThresholds(['coverage(fast)=9%'])
    if (!fast.ok) throw new Error(fast.message)
    expect(unknownName(fast.thresholds, twice)).toContain('shop/fast and other/fast')
  })
})

test('without thresholds, fails and errors of live evals count', () => {
  expect(anyFailed(plan, [row('fast', 1, 0, 5), row('tried', 0, 5)])).toBe(false)
  expect(anyFailed(plan, [row('fast', 1, 1)])).toBe(true)
  expect(anyFailed(plan, [row('fast', 1, 0, 0, 1)])).toBe(true)
})
