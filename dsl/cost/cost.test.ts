import { describe, expect, test } from 'vitest'
import { CAPS } from '../caps.ts'
import { analyseProject } from '../project.ts'
import { codesOf, compileText } from '../testing.ts'
import { costsOf, type EvalCost } from './eval-cost.ts'
import { shortNumber } from './short-number.ts'

const SPANS = CAPS.spansPerTrace
const TEXT = CAPS.textUnits

function costs(text: string): EvalCost[] {
  const { evals, modules, diagnostics } = analyseProject({
    files: [{ path: 'shop.eval', text: `package shop\n${text}` }],
    readImport: () => null,
  })
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  return costsOf(evals, modules)
}

function operations(pass: string, subject = 'trace'): number | undefined {
  return costs(`default missing: unknown\nonline eval it { on: ${subject} pass: ${pass} }`)[0]?.operations
}

describe('the cost of an expression is operators times caps', () => {
  test.each<[pass: string, subject: string, operations: number]>([
    ['duration <= 8s', 'trace', 2],
    ['duration <= 8s and status == "ok"', 'trace', 5],
    ['not (env is missing)', 'trace', 3],
    ['env in ["a", "b", "c"]', 'trace', 4],
    ['(env ?? "x") == "a"', 'trace', 3],
    ['env == name', 'trace', 2 + TEXT],
    ['output.text contains "x"', 'llm_call', 1 + TEXT],
    ['output.text starts with "x"', 'llm_call', 2],
    ['output.text starts with model', 'llm_call', 2 + TEXT],
    ['output.text is json', 'llm_call', 1 + TEXT],
    ['output.text matches /ab/', 'llm_call', 1 + TEXT],
    ['output.text matches any [/ab/, /cd/, /ef/]', 'llm_call', 1 + 3 * TEXT],
    ['length(output.text) <= 9', 'llm_call', 3],
    ['attr("a", int) + 1 < 3', 'llm_call', 3],
    ['count(tool_call) <= 12', 'trace', SPANS + 1],
    ['count(tool_call where name == "a") <= 1', 'trace', 3 * SPANS + 1],
    ['sum(llm_call.cost) <= 1 USD', 'trace', 2 * SPANS + 1],
    ['p95(llm_call.duration) <= 1s', 'trace', 16 * SPANS + 1],
    ['any(llm_call where output.text contains "x")', 'trace', SPANS * (2 + TEXT)],
    ['before(tool_call where name == "a", llm_call)', 'trace', 4 * SPANS],
    ['repeats(tool_call) <= 2', 'trace', SPANS * (1 + TEXT) + 1],
  ])('%s, of a %s', (pass, subject, expected) => {
    expect(operations(pass, subject)).toBe(expected)
  })

  test('the verdict of an eval costs what that costs, of each span when it is asked of a trace', () => {
    const cheap = 'online eval leaky { on: llm_call pass: not (output.text contains "x") missing: unknown }'
    const asked = (on: string): number | undefined =>
      costs(`${cheap}\nonline eval it { on: ${on} pass: duration < 1s missing: unknown }`).find(
        ({ evalId }) => evalId === 'shop/it',
      )?.operations
    expect(asked('llm_call where fails(leaky)')).toBe(1 + (TEXT + 2) + 2)
    expect(asked('trace where fails(leaky)')).toBe(1 + SPANS * (TEXT + 2) + 2)
  })

  test('a named scope and the redaction count', () => {
    const [it] = costs(
      'scope shop = trace where env == "prod"\nonline eval it { on: llm_call in shop pass: not (output.text matches any [/ab/, /cd/]) missing: unknown redact: output.text, input.text }',
    )
    expect(it?.terms.map(({ clause, operations }) => [clause, operations])).toEqual([
      ['redact', 4 * TEXT],
      ['pass', 2 + 2 * TEXT],
      ['on', 2],
    ])
  })
})

test('terms are told as they are written, the costliest first', () => {
  const [it] = costs(`online eval it {
  on:       trace
  pass:     duration <= 8s       # not long
            and count(tool_call where name
                        == "a") <= 1
  missing:  unknown
}`)
  expect(it).toMatchObject({ evalId: 'shop/it', per: 'trace', line: 2, operations: 3 * SPANS + 4 })
  expect(it?.terms.map(({ text }) => text)).toEqual(['count(tool_call where name == "a") <= 1', 'duration <= 8s'])
  expect(it?.terms.reduce((sum, term) => sum + term.operations, 0)).toBe(it?.operations)
})

test('calls of judges are told apart from operations', () => {
  const offline = (sample: string): EvalCost | undefined =>
    costs(
      `offline eval it { every: hour in "UTC" sample: ${sample} of trace over 1h judge: "a/x", "b/y" take mean show: output.text scale: 1 to 5 rubric: "good" pass: score >= 4 missing: unknown }`,
    )[0]
  expect(offline('20')).toMatchObject({ operations: 1, judge: { models: ['a/x', 'b/y'], subjectsPerRun: 20 } })
  expect(offline('all')?.judge?.subjectsPerRun).toBeNull()
  const [metric] = costs(
    'default missing: unknown\noffline eval it { every: hour in "UTC" sample: 10 of trace over 1h judge: "a/x" metric: faithfulness(answer: output.text, context: retrieval.documents) pass: score >= 90% }',
  )
  expect(metric).toMatchObject({
    operations: 2,
    judge: { models: ['a/x'], callsPerSubject: 2, subjectsPerRun: 10, perTraceOfSession: false },
  })
  const [ofSession] = costs(
    'default missing: unknown\noffline eval it { every: hour in "UTC" sample: 10 of session over 1h judge: "a/x" metric: answer_relevance(question: input.text, answer: output.text) pass: score >= 90% }',
  )
  expect(ofSession?.judge).toMatchObject({ callsPerSubject: 1, subjectsPerRun: 10, perTraceOfSession: true })
})

describe('limits', () => {
  const big = 'any(llm_call where output.text contains "x")'
  const rule = (name: string, condition: string): string =>
    `online eval ${name} { on: trace pass: ${condition} missing: unknown }`

  test('what costs as much as it may is fine', () => {
    expect(codesOf(`package shop\n${rule('a', big)}`)).toEqual([])
  })

  test('the costliest term is pointed at, and each eval told once', () => {
    const dear = Array.from({ length: 16 }, () => big).join(' or ')
    const { diagnostics, plan } = compileText(
      `package shop\n${rule('a', dear)}\n${rule('b', `duration < 1s or ${dear}`)}`,
    )
    expect(plan).toBeNull()
    expect(diagnostics.map(({ code, line }) => `${code} ${line}`)).toEqual(['E0701 2', 'E0701 3'])
    expect(diagnostics[1]?.column).toBeGreaterThan(rule('b', 'duration < 1s').length - 20)
  })

  test('all together', () => {
    const half = Array.from({ length: 10 }, () => big).join(' or ')
    expect(codesOf(`package shop\n${rule('a', half)}\n${rule('b', half)}`)).toEqual(['E0702'])
  })
})

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1k'],
  [655_360_000, '655M'],
  [1.5e9, '1.5G'],
  [2e12, '2T'],
])('%d is written %s', (value, text) => {
  expect(shortNumber(value)).toBe(text)
})
