/** The caps of the static cost bound hold at run time: rules as people write them, on subjects beyond the caps. */
import { describe, expect, test } from 'vitest'
import { CAPS } from '../../dsl/caps.ts'
import { planOf } from '../../dsl/testing.ts'
import { makeSpan } from '../model/make-span.ts'
import type { EvalResult } from '../model/result.ts'
import type { Span } from '../model/span.ts'
import { compileEvaluator } from './evaluator.ts'

function resultOf(rule: string, spans: readonly Span[], atArrival = false): EvalResult | undefined {
  const evaluator = compileEvaluator(planOf(`package shop\npattern key = /sk-\\d+/\nonline eval it {\n${rule}\n}\n`))
  if (atArrival) return evaluator.onSpan(spans[0] as Span, 0)[0]
  const [first] = spans as [Span]
  const projected = spans.map((span) => evaluator.project(span))
  return evaluator.onTrace({ tenant: first.tenant, traceId: first.traceId, spans: projected }, 1, 0)[0]
}

const truncated = (field: string) => ({ verdict: 'unknown', reason: { code: 'truncated', field } })
const id = (index: number): string => index.toString(16).padStart(16, '0')

describe('a trace of more spans than the cap', () => {
  const root = makeSpan({ kind: 'agent', spanId: id(0) })
  const trace = (toolCalls: number): Span[] => [
    root,
    ...Array.from({ length: toolCalls }, (_, index) =>
      makeSpan({ kind: 'tool', spanId: id(index + 1), parentSpanId: id(0), startTimeUs: root.startTimeUs + index + 1 }),
    ),
  ]
  const most = CAPS.spansPerTrace - 1

  test('at the cap all is seen', () => {
    expect(resultOf(`on: trace pass: count(tool_call) <= ${most}`, trace(most))?.verdict).toBe('pass')
  })

  test('beyond it, what the rest could change is truncated, and what it could not is decided', () => {
    const spans = trace(CAPS.spansPerTrace)
    expect(resultOf(`on: trace pass: count(tool_call) <= ${most}`, spans)).toMatchObject(truncated('trace'))
    expect(resultOf(`on: trace pass: count(tool_call) < ${most}`, spans)?.verdict).toBe('fail')
    expect(resultOf('on: trace pass: before(llm_call, tool_call)', spans)).toMatchObject(truncated('trace'))
    expect(resultOf('on: trace pass: duration <= 1000s', spans)?.verdict).toBe('pass')
  })
})

describe('a text longer than the cap', () => {
  const long = 'x'.repeat(CAPS.textUnits)
  const call = (outputText: string): Span[] => [makeSpan({ kind: 'llm', outputText })]

  test.each([
    ['output.text contains "secret"', `${long}secret`],
    ['output.text matches key', `${long} sk-1`],
    ['output.text is json', `"${long}"`],
  ])('%s', (condition, text) => {
    const rule = `on: llm_call pass: not (${condition}) missing: unknown`
    expect(resultOf(rule, call(text), true)).toMatchObject(truncated('output.text'))
    const ofTrace = `on: trace pass: not any(llm_call where ${condition}) missing: unknown`
    expect(resultOf(ofTrace, call(text))).toMatchObject({ verdict: 'unknown', reason: { code: 'truncated' } })
  })

  test('what is seen decides, and what needs no look at the text is exact', () => {
    const found = 'on: llm_call pass: output.text contains "secret" missing: unknown'
    expect(resultOf(found, call(`secret${long}`), true)?.verdict).toBe('pass')
    const length = `on: llm_call pass: length(output.text) == ${CAPS.textUnits + 1} missing: unknown`
    expect(resultOf(length, call(`${long}x`), true)?.verdict).toBe('pass')
  })

  test('arguments of calls', () => {
    const tool = (index: number): Span =>
      makeSpan({ kind: 'tool', spanId: id(index), toolName: 'a', toolArguments: `${long}x` })
    const rule = 'on: trace pass: repeats(tool_call) <= 1 missing: unknown'
    expect(resultOf(rule, [tool(1), tool(2)])).toMatchObject(truncated('tool_call.arguments.text'))
  })
})
