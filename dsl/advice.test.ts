/** Mistakes that people make, and what they are told to write instead: code, and a part of the report. */
import { describe, expect, test } from 'vitest'
import { renderDiagnostics } from './diagnostics/render.ts'
import { compileText } from './testing.ts'

function reportOf(text: string): { codes: string[]; report: string } {
  const { diagnostics } = compileText(text)
  return {
    codes: diagnostics.map(({ code }) => code),
    report: renderDiagnostics(diagnostics, new Map([['shop.eval', text]])),
  }
}

const CALL = 'online eval it {\n  on: llm_call\n  missing: unknown\n  pass: '
const TRACE = 'online eval it {\n  on: trace\n  pass: '
const FAST = 'online eval fast {\n  on: trace\n  pass: duration <= 5s\n}\n'
const ALERT = `${FAST}alert slow {\n  on: fast\n  severity: page\n  when: `

describe('a condition', () => {
  test.each([
    ['other words', `${TRACE}latency <= 5s`, 'E0203', 'did you mean `duration`?'],
    ['a bare output', `${CALL}output contains "x"`, 'E0203', 'did you mean `output.text`?'],
    ['an attribute', `${CALL}gen_ai.request.model == "a"`, 'E0203', 'did you mean `model`?'],
    ['nothing near', `${CALL}quality > 3`, 'E0203', 'its fields: duration, start, '],
    ['a null', `${CALL}model != null`, 'E0203', 'write `x is missing` or `x is present`'],
    ['a number without its unit', `${TRACE}duration <= 5`, 'E0201', '`5s` or `5ms`'],
    ['a unit in words', `${TRACE}duration <= 5 seconds`, 'E0004', 'a number and its unit are one word: `5s`'],
    ['a dollar sign', `${CALL}tokens.output < 3 $`, 'E0009', '`0.25 USD`'],
    ['an operator as a function', `${CALL}contains(output.text, "x")`, 'E0004', '`output.text contains "…"`'],
    ['an operator as a method', `${CALL}output.text.startsWith("x")`, 'E0210', 'write `x starts with "…"`'],
    ['a function of another language', `${CALL}len(output.text) < 4`, 'E0210', 'write `length(x)`'],
    ['no function at all', `${CALL}frobnicate(output.text) < 4`, 'E0210', 'there are: count, any, '],
    ['a plural', `${TRACE}count(tool_calls) < 3`, 'E0211', 'did you mean `tool_call`?'],
    ['a lookahead', `${CALL}output.text matches /foo(?!bar)/`, 'E0301', 'ask a second condition: `x matches /a/'],
    ['a back-reference', `${CALL}output.text matches /(a)\\1/`, 'E0302', 'write the cases out, `/aa|bb/`'],
    ['an open class', `${CALL}output.text matches /x[a-/`, 'E0008', 'its class `[` is not closed by `]`'],
    ['an open regex', `${CALL}output.text matches /x[/]`, 'E0008', 'a `/` inside is written `\\/`'],
  ])('with %s', (_name, body, code, advice) => {
    const { codes, report } = reportOf(`package shop\n${body}\n}\n`)
    expect(codes).toEqual([code])
    expect(report).toContain(advice)
  })
})

describe('a line', () => {
  test.each([
    ['a clause without its colon', 'online eval it {\n  on: trace\n  pass duration < 3s\n}', 'E0004', 'colon: `pass:`'],
    ['a clause like an assignment', 'online eval it {\n  on = trace\n}', 'E0004', 'colon: `on:`'],
    ['an import of nothing', 'import pii', 'E0004', 'write where it comes from: `import pii from "assay:pii"`'],
    ['a foreign comment', '// why', 'E0008', 'a comment begins with `#`'],
    ['an eval of no kind', 'eval it {\n  on: trace\n}', 'E0015', 'an `online eval` or an `offline eval`'],
    [
      'an expectation without its colon',
      `${FAST}test "x" {\n  given trace { duration: 9s }\n  expect fast fail\n}`,
      'E0004',
      'an expectation is written `expect EVAL: fail`',
    ],
    [
      'an expectation of nothing',
      `${FAST}test "x" {\n  given trace { duration: 9s }\n  expect fats: fail\n}`,
      'E0414',
      'did you mean `fast`?',
    ],
    [
      'a fixture in other words',
      `${FAST}test "x" {\n  given trace { duration: 9s llm_call { output: "x" } }\n  expect fast: fail\n}`,
      'E0203',
      'did you mean `output.text`?',
    ],
    ['a scorecard of no time', 'scorecard it {\n  over: 7d\n}', 'E0110', 'a scorecard needs them'],
    ['a window in words', `${ALERT}count(fail) > 1 over 10 minutes\n}`, 'E0401', 'such as `over 10m`'],
    ['no window', `${ALERT}count(fail) > 1\n}`, 'E0401', 'add `over 10m`'],
    ['an open brace', `online eval it {\n  on: trace\n  pass: duration < 3s\n\n${FAST}`, 'E0016', 'opened on line 2'],
  ])('with %s', (_name, body, code, advice) => {
    const { codes, report } = reportOf(`package shop\n${body}\n`)
    expect(codes).toContain(code)
    expect(new Set(codes).size).toBe(1)
    expect(report).toContain(advice)
  })

  test('with a judge that is no text, and an hour of one digit', () => {
    const { report } = reportOf('package shop\noffline eval it {\n  every: day at 6:00 in "UTC"\n  judge: gpt-5\n}\n')
    expect(report).toContain('a time has two-digit hours, `06:00`')
    expect(report).toContain('a judge is named in quotes, with its provider: "openai/gpt-5-mini"')
  })
})
