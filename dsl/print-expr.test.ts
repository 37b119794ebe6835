import { describe, expect, test } from 'vitest'
import type { PatternPlan } from './plan.ts'
import { type PrintOptions, patternMeaning, patternName, printExpr, printScope } from './print-expr.ts'
import { printDuration } from './print-literal.ts'
import { compileEval, planOf } from './testing.ts'

const names = (patterns: readonly PatternPlan[]): PrintOptions => ({ patterns, patternText: patternName })

/** The canonical plan of an expression, and what it prints. */
function printed(expression: string, subject = 'trace'): { text: string; measureHash: string } {
  const plan = planOf(
    `package shop\nonline eval slow { on: trace  pass: duration < 3s }\nonline eval it {\n  on: ${subject}\n  pass: ${expression}\n  missing: unknown\n}\n`,
  )
  const found = plan.evals.find(({ name }) => name === 'it')!
  return {
    text: printExpr(found.pass, { ...names(plan.patterns), evalName: () => 'slow' }),
    measureHash: found.measureHash,
  }
}

describe('what is printed compiles to the same again', () => {
  test.each([
    ['duration <= 8s'],
    ['(duration <= 9.2s or status == "error") and not (agent.name in ["a", "b"])'],
    ['not (duration < 1s and duration > 1ms or env == "prod")'],
    ['(sum(llm_call.cost) ?? 0 USD) * 2 + 0.10 USD <= 0.25 USD'],
    ['1.5 * (count(tool_call) - (count(llm_call) - 2)) < 12'],
    ['count(tool_call where name == "issue_refund" and duration < 2s) <= 1'],
    ['before(tool_call where name == "a", tool_call where name == "b") and repeats(tool_call) < 3'],
    ['any(llm_call where model starts with "gpt") or all(llm_call.finish_reason == "stop")'],
    ['p95(llm_call.duration where model == "x") < 1500ms and mean(llm_call.duration) < 12s'],
    ['not any(llm_call.output.text contains "x \\"y\\"")'],
    ['output.text is missing or (output.text is json and input.text is not missing)'],
    ['output.text matches any [/sk-[a-z]+\\/x/i, /b{2}c/] or output.text matches /dd\\d+/'],
    ['length(output.text) <= 400 or attr("acme.tier", string) != "gold"'],
    ['fails(slow) or passes(slow) or undecided(slow) or errors(slow)'],
  ])('%s', (expression) => {
    const once = printed(expression)
    expect(printed(once.text)).toEqual(once)
  })

  test.each([
    ['trace.agent.name == "shop" and tokens.output <= 400'],
    ['tokens.input + tokens.output <= (tokens.total ?? 7)'],
  ])('of a model call: %s', (expression) => {
    const once = printed(expression, 'llm_call')
    expect(printed(once.text, 'llm_call')).toEqual(once)
  })
})

test('brackets stand where they are needed, and around what `not` turns round', () => {
  expect(printed('((duration < 1s)) and ((env == "a") or (env == "b"))').text).toBe(
    'duration < 1s and (env == "a" or env == "b")',
  )
  expect(printed('not env == "a"').text).toBe('not (env == "a")')
})

test('constants are what they stand for; a pattern is its name or its meaning', () => {
  const before = 'const limit: duration = 90s\npattern card = /4\\d{12}/i check luhn'
  const plan = compileEval(
    '  on: llm_call\n  pass: not (output.text matches card) and duration < limit\n  missing: unknown',
    before,
  )
  const patterns: PatternPlan[] = [
    { name: 'card', source: '4\\d{12}', caseInsensitive: true, check: 'luhn', builtin: null },
  ]
  expect(printExpr(plan.pass, names(patterns))).toBe('not (output.text matches card) and duration < 90s')
  expect(printExpr(plan.pass, { patterns, patternText: patternMeaning })).toContain('matches /4\\d{12}/i check luhn)')
})

test('a scope inside of traces shows both conditions', () => {
  const scope = 'scope shop = trace where agent.name == "shop"'
  const plan = compileEval('  on: llm_call in shop where model == "x"\n  pass: duration < 1s', scope)
  expect(printScope(plan.scope, names([]))).toBe('llm_call in (trace where agent.name == "shop") where model == "x"')
})

test.each([
  [0, '0s'],
  [8e9, '8s'],
  [90e9, '90s'],
  [9.2e9, '9.2s'],
  [1.5e9, '1.5s'],
  [500e6, '500ms'],
  [1_234e6, '1234ms'],
  [1_500, '0.0015ms'],
  [3600e9, '1h'],
  [604_800e9, '1w'],
])('%d ns is %s', (durationNs, text) => {
  expect(printDuration(durationNs)).toBe(text)
})
