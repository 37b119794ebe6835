import { describe, expect, test } from 'vitest'
import { codesOf, codesOfPass, compileEval, compileText, passOf, planOf, show } from './testing.ts'

const SHARED = `package shared
define wordy = tokens.output > 4000
define slow = duration > limit
const limit = 8s
`

describe('a named expression is put in where it is used', () => {
  test.each([
    ['slow', 'trace', 'define slow = duration > 8s', '(duration > 8000000000)'],
    ['not slow', 'llm_call', 'define slow = duration > 8s', '(not (duration > 8000000000))'],
    [
      'slow and b',
      'trace',
      'define slow = duration > 8s\ndefine b = slow or env == "x"',
      '((duration > 8000000000) and ((duration > 8000000000) or (env == "x")))',
    ],
    [
      'count(tool_call where refund) <= 1',
      'trace',
      'define refund = name == "refund"',
      '(count(tool_call where (name == "refund")) <= 1)',
    ],
    [
      'sum(used) <= 9000',
      'trace',
      'define used = llm_call.tokens.input + llm_call.tokens.output',
      '(sum(llm_call (tokens.input + tokens.output)) <= 9000)',
    ],
    ['any(refunded) ', 'trace', 'define refunded = tool_call.name == "r"', '(any(tool_call (name == "r")))'],
    ['duration <= most', 'trace', 'define most = 2 * 4s', '(duration <= 8000000000)'],
  ])('%s on %s', (expression, subject, before, expected) => {
    const shown = show(passOf(expression, subject, before))
    expect([shown, `(${shown})`]).toContain(expected)
  })

  test('behind an import, with names of its own file', () => {
    const text = 'package shop\nimport s from "./s.eval"\nonline eval it {\n  on: trace\n  pass: not s.slow\n}\n'
    expect(show(planOf(text, { 's.eval': SHARED }).evals[0]!.pass)).toBe('(not (duration > 8000000000))')
  })

  test('reads the score in `pass:`', () => {
    const plan = compileEval('  on: trace\n  score: duration\n  pass: good', 'define good = score <= 8s')
    expect(show(plan.pass)).toBe('(score <= 8000000000)')
  })

  test('its patterns are masked by redact', () => {
    const body = '  on: llm_call\n  pass: not leaks\n  missing: unknown\n  redact: output.text'
    expect(compileEval(body, 'define leaks = output.text matches /sk-[a-z]+/').redact?.patterns).toEqual([0])
  })

  test('what may be missing in it is told at its use', () => {
    const text =
      'package shop\ndefine clean = not (output.text contains "x")\nonline eval it {\n  on: llm_call\n  pass: clean\n}\n'
    expect(compileText(text).diagnostics).toMatchObject([{ code: 'E0207', line: 5, column: 9 }])
  })
})

describe('errors', () => {
  test.each([
    [
      'what fits no subject is told once, at the definition',
      'true and a and a',
      'define a = durration > 8s',
      ['E0203'],
    ],
    ['what does not fit a subject, at the use', 'a', 'define a = tokens.output > 4', ['E0219']],
    ['no condition', 'a', 'define a = duration', ['E0202']],
    ['itself', 'a', 'define a = not a', ['E0114']],
    ['a circle, once', 'a and b', 'define a = b\ndefine b = c\ndefine c = a', ['E0114']],
    ['a circle through a constant', 'a', 'define a = not c\nconst c = a', ['E0114']],
    ['the name of a constant', 'a', 'const a = true\ndefine a = false', ['E0103']],
    ['the name of a field', 'env == "x"', 'define env = name', ['E0117']],
    ['a misspelt name', 'slwo', 'define slow = duration > 8s', ['E0203']],
    ['what cannot be read', 'a', 'define a = duration >', ['E0004']],
  ])('%s', (_name, expression, before, codes) => {
    expect(codesOfPass(expression, 'trace', before)).toEqual(codes)
  })

  test('names that double each other do not fill the memory', () => {
    const lines = Array.from({ length: 60 }, (_, at) => `define a${at + 1} = a${at} and a${at}`).join('\n')
    const codes = codesOfPass('a60', 'trace', `define a0 = duration > 1s\n${lines}`)
    expect(new Set(codes)).toEqual(new Set(['E0219']))
  })

  test('did you mean', () => {
    const text = 'package shop\ndefine slow = duration > 8s\nonline eval it {\n  on: trace\n  pass: slwo\n}\n'
    expect(compileText(text).diagnostics[0]?.message).toContain('did you mean `slow`')
  })
})

describe('was', () => {
  const named = (name: string, was: string): string =>
    `online eval ${name} {\n  was: ${was}\n  on: trace\n  pass: duration <= 8s\n}\n`

  test.each([
    ['quick', ['shop/quick']],
    ['quick, "support/fast"', ['shop/quick', 'support/fast']],
  ])('%s', (was, ids) => {
    expect(planOf(`package shop\n${named('fast', was)}`).evals[0]?.was).toEqual(ids)
  })

  test.each([
    ['itself', named('fast', 'fast'), ['E0121']],
    ['one that is there', named('fast', 'quick') + named('quick', 'older'), ['E0121']],
    ['each other', named('fast', 'quick') + named('quick', 'fast'), ['E0121', 'E0121']],
    ['one that another was', named('fast', 'old') + named('quick', 'old'), ['E0121']],
    ['the same twice', named('fast', 'old, old'), ['E0121']],
    ['a number', named('fast', '3'), ['E0112']],
    ['no id', named('fast', '"old"'), ['E0112']],
  ])('not %s', (_name, text, codes) => {
    expect(codesOf(`package shop\n${text}`)).toEqual(codes)
  })

  test('is in no hash', () => {
    const [before, after] = ['quick', 'older'].map((was) => planOf(`package shop\n${named('fast', was)}`).evals[0])
    expect([after?.measureHash, after?.verdictHash]).toEqual([before?.measureHash, before?.verdictHash])
  })
})

test.each([
  ['finish_reason == "tool_calls"', ['E0214']],
  ['finish_reason in ["stop", "max_tokens"]', ['E0214']],
  ['finish_reason == "tool_call"', []],
  ['finish_reason == "my_own"', []],
])('%s', (expression, codes) => {
  expect(codesOfPass(expression, 'llm_call')).toEqual(codes)
})
