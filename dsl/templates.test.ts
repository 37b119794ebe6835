import { describe, expect, test } from 'vitest'
import type { EvalPlan } from './plan.ts'
import { codesOf, compileText, planOf } from './testing.ts'

const LATENCY = `package latency
const most = 2s
template online eval first_token(limit: duration = most, model_name: string = "any") {
  title:   "Answers begin soon"
  score:   time_to_first_token
  pass:    score <= limit or model == model_name
  missing: unknown
}
template offline eval graded(criterion: string, least: number = 4) {
  every:   day in "UTC"
  judge:   "a/one"
  show:    input.text, output.text
  scale:   1 to 5
  rubric:  criterion
  pass:    score >= least
  missing: unknown
}
template online eval at_most(n: int) {
  on:      trace
  pass:    count(tool_call) <= n
}
`
const HEAD =
  'package shop\nimport latency from "./latency.eval"\nscope checkout = llm_call where env == "prod"\nconst two = 2\n'

const compiled = (text: string) => compileText(`${HEAD}${text}`, { 'latency.eval': LATENCY })
const codes = (text: string): string[] => codesOf(`${HEAD}${text}`, { 'latency.eval': LATENCY })
const evalOf = (text: string): EvalPlan => {
  const plan = planOf(`${HEAD}${text}`, { 'latency.eval': LATENCY }).evals.find(({ name }) => name === 'it')
  if (plan === undefined) throw new Error('no eval')
  return plan
}

describe('what is made from a template is the eval written out by hand', () => {
  test.each([
    [
      'defaults',
      'online eval it = latency.first_token(on: checkout)',
      'online eval it {\n  title: "Answers begin soon"\n  on: checkout\n  score: time_to_first_token\n  pass: score <= 2s or model == "any"\n  missing: unknown\n}',
    ],
    [
      'arguments, and a scope with a condition',
      'online eval it = latency.first_token(model_name: "b", limit: 1500ms, on: llm_call where env == "x")',
      'online eval it {\n  title: "Answers begin soon"\n  on: llm_call where env == "x"\n  score: time_to_first_token\n  pass: score <= 1500ms or model == "b"\n  missing: unknown\n}',
    ],
    [
      'a block of its own clauses',
      'online eval it = latency.first_token(limit: two * 1s) {\n  on: checkout\n  title: "Mine"\n  owner: "@me"\n  mode: shadow\n  was: old\n  missing: fail\n}',
      'online eval it {\n  title: "Mine"\n  owner: "@me"\n  mode: shadow\n  was: old\n  on: checkout\n  score: time_to_first_token\n  pass: score <= 2s or model == "any"\n  missing: fail\n}',
    ],
    [
      'the subject of the template',
      'online eval it = latency.at_most(n: 12)',
      'online eval it {\n  on: trace\n  pass: count(tool_call) <= 12\n}',
    ],
    [
      'an offline eval',
      'offline eval it = latency.graded(criterion: "5 good", least: 3) {\n  sample: 10 of trace over 24h\n  judge: "b/two"\n}',
      'offline eval it {\n  every: day in "UTC"\n  sample: 10 of trace over 24h\n  judge: "b/two"\n  show: input.text, output.text\n  scale: 1 to 5\n  rubric: "5 good"\n  pass: score >= 3\n  missing: unknown\n}',
    ],
  ])('%s', (_name, made, written) => {
    const [a, b] = [evalOf(made), evalOf(written)]
    expect({ ...a, file: '', line: 0 }).toEqual({ ...b, file: '', line: 0 })
    expect([a.measureHash, a.verdictHash]).toEqual([b.measureHash, b.verdictHash])
    expect([a.id, a.file, a.line]).toEqual(['shop/it', 'shop.eval', 5])
  })
})

describe('errors at the use', () => {
  test.each([
    ['no such template', 'online eval it = latency.frist_token(on: llm_call)', ['E0104']],
    ['an online eval from an offline template', 'online eval it = latency.graded(criterion: "x")', ['E0122']],
    ['an unknown argument', 'online eval it = latency.first_token(on: llm_call, limits: 2s)', ['E0122']],
    ['no name', 'online eval it = latency.first_token(2s)', ['E0122']],
    ['twice', 'online eval it = latency.first_token(on: llm_call, limit: 1s, limit: 2s)', ['E0122']],
    ['a forgotten argument', 'online eval it = latency.at_most()', ['E0122']],
    ['another type', 'online eval it = latency.first_token(on: llm_call, limit: 5)', ['E0201']],
    ['what is read from a trace', 'online eval it = latency.first_token(on: llm_call, limit: duration)', ['E0113']],
    ['a clause in the brackets', 'online eval it = latency.at_most(n: 3, title: "x")', ['E0122']],
    ['no `on:`', 'online eval it = latency.first_token()', ['E0110']],
    ['`on:` twice', 'online eval it = latency.first_token(on: llm_call) {\n  on: llm_call\n}', ['E0109']],
    ['what is no scope', 'online eval it = latency.first_token(on: 3)', ['E0205']],
    ['a clause of the template', 'online eval it = latency.at_most(n: 3) {\n  pass: true\n}', ['E0124']],
    ['another subject', 'online eval it = latency.first_token(on: tool_call)', ['E0125']],
    [
      'a value out of reach',
      'offline eval it = latency.graded(criterion: "x", least: 9) {\n  sample: 1 of trace over 1h\n}',
      ['E0125'],
    ],
    ['a misspelt clause', 'online eval it = latency.at_most(n: 3) {\n  onwer: "x"\n}', ['E0108']],
  ])('%s', (_name, text, expected) => {
    expect(codes(text).filter((code) => code !== 'W0120')).toEqual(expected)
  })

  test('say what was meant, and where the template is', () => {
    const [found] = compiled('online eval it = latency.first_token(on: llm_call, limt: 2s)').diagnostics
    expect(found?.message).toContain('did you mean `limit`')
    expect(found?.notes[0]).toContain('latency.eval, line 3')
    const [misfit] = compiled('online eval it = latency.first_token(on: tool_call)').diagnostics
    expect(misfit).toMatchObject({ file: 'shop.eval', line: 5 })
    expect(misfit?.notes[0]).toContain('latency.eval, line 3; the cause is in line')
  })

  test('one that may be undecided says so at its own name', () => {
    const text =
      'package shop\ntemplate online eval t() {\n  on: llm_call\n  pass: output.text contains "x"\n}\nonline eval it = t()\n'
    expect(compileText(text).diagnostics).toMatchObject([{ code: 'E0207', line: 6, column: 13 }])
    expect(codesOf(text.replace('= t()', '= t() {\n  missing: fail\n}'))).toEqual([])
    expect(codesOf(text.replace('package shop', 'package shop\ndefault missing: unknown'))).toEqual([])
  })
})

describe('errors in a template are told once, there', () => {
  const used = 'online eval a = t(x: 1s)\nonline eval b = t(x: 2s)\n'
  test.each([
    ['an unknown field', 'template online eval t(x: duration) {\n  on: trace\n  pass: durration < x\n}', ['E0203']],
    ['another type', 'template online eval t(x: tokens) {\n  on: trace\n  pass: duration < x\n}', ['E0201']],
    ['what fits no subject', 'template online eval t(x: duration) {\n  pass: durration < x\n}', ['E0203']],
    ['an unknown type', 'template online eval t(x: time) {\n  on: trace\n  pass: duration < x\n}', ['E0112']],
    [
      'a default of another type',
      'template online eval t(x: duration = 3) {\n  on: trace\n  pass: duration < x\n}',
      ['E0201'],
    ],
    [
      'two parameters of a name',
      'template online eval t(x: duration, x: duration) {\n  on: trace\n  pass: duration < x\n}',
      ['E0103'],
    ],
    [
      'the name of a clause',
      'template online eval t(x: duration, on: int) {\n  on: trace\n  pass: duration < x\n}',
      ['E0117'],
    ],
    [
      'the name of a field',
      'template online eval t(x: duration, env: string) {\n  on: trace\n  pass: duration < x\n}',
      ['E0117'],
    ],
    ['no `pass:`', 'template online eval t(x: duration) {\n  on: trace\n}', ['E0110']],
    [
      'a former name',
      'template online eval t(x: duration) {\n  was: y\n  on: trace\n  pass: duration < x\n}',
      ['E0124'],
    ],
    ['a misspelt clause', 'template online eval t(x: duration) {\n  onn: trace\n  pass: duration < x\n}', ['E0108']],
    ['what cannot be read', 'template online eval t(x: duration) {\n  on: trace\n  pass: duration <\n}', ['E0004']],
  ])('%s', (_name, template, expected) => {
    expect(codesOf(`package shop\n${template}\n${used}`)).toEqual(expected)
  })

  test('a parameter hides nothing outside of the template', () => {
    const text = `package shop
const limit = 9s
scope slow = trace where duration > limit
template online eval t(limit: duration) {
  on:   slow
  pass: duration < limit
}
online eval it = t(limit: 20s)
`
    const plan = planOf(text).evals[0]
    expect(JSON.stringify(plan)).toContain('9000000000')
    expect(JSON.stringify(plan)).toContain('20000000000')
  })

  test('a test names what is made', () => {
    const text = `package shop
template online eval t(n: int) {
  on:   trace
  pass: count(tool_call) <= n
}
online eval it = t(n: 0)
alert a {
  on:       it
  when:     count(fail) >= 1 over 10m
  severity: info
}
test "one call" {
  given trace { tool_call { } }
  expect it: fail
}
`
    expect(codesOf(text)).toEqual([])
  })
})
