/** From `.eval` text to scores: the metrics that ask no judge, each with what it needs and what it lacks. */
import { describe, expect, test } from 'vitest'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { compileProject } from '../../dsl/project.ts'
import { makeSpan } from '../model/make-span.ts'
import type { Span } from '../model/span.ts'
import { compileOfflineEval } from './offline-eval.ts'
import { viewTrace } from './trace-view.ts'

const TRACE = 'a'.repeat(32)

function measured(
  call: string,
  spans: readonly Partial<Span>[],
  sample = 'all of trace over 1h',
  pass = 'score >= 1%',
) {
  const text = `package p\noffline eval m {\n  every: hour in "UTC"\n  sample: ${sample}\n  metric: ${call}\n  pass: ${pass}\n  missing: unknown\n}\n`
  const outcome = compileProject({ files: [{ path: 'm.eval', text }], readImport: () => null })
  if (outcome.plan === null) throw new Error(JSON.stringify(outcome.diagnostics))
  const evalPlan = outcome.plan.evals[0] as OfflineEvalPlan
  const compiled = compileOfflineEval(outcome.plan, evalPlan)
  const view = viewTrace(
    'default',
    TRACE,
    spans.map((span, i) =>
      makeSpan({
        traceId: TRACE,
        spanId: (i + 1).toString(16).padStart(16, '0'),
        startTimeUs: 1_000 * (i + 1),
        ...span,
      }),
    ),
  )
  return compiled.subjects(view).map((span) => compiled.measure?.(view, span))
}

const root = (over: Partial<Span> = {}): Partial<Span> => ({ kind: 'agent', name: 'agent', ...over })
const tool = (toolName: string, over: Partial<Span> = {}): Partial<Span> => ({
  kind: 'tool',
  name: 'execute_tool',
  parentSpanId: '0000000000000001',
  toolName,
  toolArguments: '{}',
  ...over,
})
const retrieval = (...texts: (string | undefined)[]): Partial<Span> => ({
  kind: 'retriever',
  name: 'search',
  parentSpanId: '0000000000000001',
  retrievalQuery: 'opening hours',
  documents: texts.map((text) => ({ id: undefined, text, score: undefined })),
})
const score = (value: number) => [expect.objectContaining({ kind: 'score', score: value })]
const none = (why: object) => [{ kind: 'none', why }]

describe('words', () => {
  const kPrecision = 'k_precision(answer: output.text, context: retrieval.documents)'
  test.each([
    [
      'all in the documents of any retrieval',
      [root({ outputText: 'Open at nine' }), retrieval('open'), retrieval('at nine')],
      score(1),
    ],
    ['half of them', [root({ outputText: 'Open at nine sharp' }), retrieval('at nine')], score(0.5)],
    ['nothing found', [root({ outputText: 'Open' }), retrieval()], score(0)],
    ['no search at all', [root({ outputText: 'Open' })], none({ code: 'not_captured', field: 'retrieval.documents' })],
    [
      'documents of which only ids were sent',
      [root({ outputText: 'Open' }), retrieval('a', undefined)],
      none({ code: 'not_captured', field: 'retrieval.documents.text' }),
    ],
    ['no answer', [root(), retrieval('a')], none({ code: 'not_captured', field: 'output.text' })],
    [
      'an answer without words',
      [root({ outputText: '…' }), retrieval('a')],
      none({ code: 'nothing_to_measure', detail: 'the answer has no words' }),
    ],
  ])('k_precision: %s', (_, spans, expected) => {
    expect(measured(kPrecision, spans)).toEqual(expected)
  })

  test('bm25 is that of the best document, of each retrieval by itself', () => {
    const call = 'bm25(query: query.text, documents: documents)'
    const spans = [root(), retrieval('closing time', 'hours of opening'), retrieval('closing time')]
    const [first, second] = measured(call, spans, 'all of retrieval over 1h', 'score >= 1')
    expect(first).toMatchObject({
      kind: 'score',
      score: expect.closeTo(2 * Math.log(2) * (2.2 / (1 + 1.2 * (0.25 + 0.75 * (3 / 2.5)))), 10),
    })
    const [of, value] = first?.kind === 'score' ? [first.judgements, first.score] : []
    expect(of).toEqual([
      { kind: 'document', about: '1', verdict: 'score 0', value: 0 },
      { kind: 'document', about: '2', verdict: 'score 1.28', value },
    ])
    expect(second).toMatchObject({ kind: 'score', score: 0 })
  })

  test('against a reference that the trace carries', () => {
    const spans = [
      root({ outputText: 'It opens at nine', attributes: new Map([['acme.expected', 'opens at nine today']]) }),
    ]
    const args = '(answer: output.text, reference: attr("acme.expected", string))'
    expect(measured(`token_f1${args}`, spans)).toEqual(score(0.75))
    expect(measured(`rouge_l${args}`, spans)).toEqual(score(0.75))
    expect(measured(`token_f1${args}`, [root({ outputText: 'x' })])).toEqual(
      none({ code: 'not_captured', field: 'attr("acme.expected")' }),
    )
  })
})

describe('calls', () => {
  test.each([
    ['a loop of two', ['a', 'b', 'a', 'b', 'a', 'b', 'c'], 3, '3 times from call 1 on: a, b'],
    ['no loop', ['a', 'b', 'c'], 1, undefined],
    ['no call', [], 1, undefined],
  ])('loops: %s', (_, names, turns, explanation) => {
    const spans = [root(), ...names.map((name) => tool(name))]
    expect(measured('loops()', spans, undefined, 'score <= 2')).toEqual([
      { kind: 'score', score: turns, ...(explanation !== undefined && { explanation }) },
    ])
  })

  test('loops: other arguments are other calls, whatever the order of their keys', () => {
    const args = ['{"a":1,"b":2}', '{"b":2,"a":1}', '{"a":2}'].map((toolArguments) => tool('search', { toolArguments }))
    expect(measured('loops()', [root(), ...args], undefined, 'score <= 2')).toEqual(score(2))
    const unknown = tool('search', { toolArguments: undefined })
    expect(measured('loops()', [root(), unknown], undefined, 'score <= 2')).toEqual(
      none({ code: 'not_captured', field: 'tool_call.arguments.text' }),
    )
  })

  test.each([
    ['exact', 0],
    ['f1', 0.8],
    ['precision', 2 / 3],
    ['recall', 1],
    ['order', 1],
    ['edit_similarity', 2 / 3],
  ])('trajectory_match: %s', (take, expected) => {
    const spans = [root(), tool('search'), tool('search'), tool('answer')]
    const [found] = measured(`trajectory_match(expected: ["search", "answer"], take: "${take}")`, spans)
    expect(found).toMatchObject({
      kind: 'score',
      score: expect.closeTo(expected, 12),
      explanation: 'called: search, search, answer',
    })
  })

  test('step_efficiency: nothing for a trace that ended in an error', () => {
    const calls = [tool('a'), tool('b'), tool('c'), tool('d')]
    expect(measured('step_efficiency(reference: 2)', [root(), ...calls])).toEqual(score(0.5))
    expect(measured('step_efficiency(reference: 2)', [root({ status: 'error' }), ...calls])).toEqual(score(0))
  })

  test('error_recovery: by tool, by its last call', () => {
    const failed = { status: 'error' } as const
    const spans = [root(), tool('a', failed), tool('b', failed), tool('a'), tool('c'), tool('b', failed)]
    expect(measured('error_recovery()', spans)).toEqual([
      { kind: 'score', score: 0.5, explanation: 'did not recover: b' },
    ])
    expect(measured('error_recovery()', [root(), tool('a')])).toEqual(
      none({ code: 'nothing_to_measure', detail: 'no call of a tool failed' }),
    )
  })
})

test('a metric that asks a judge is not measured', () => {
  const spans = [root({ outputText: 'x' }), retrieval('x')]
  expect(measured('faithfulness(answer: output.text, context: retrieval.documents)', spans)).toEqual([undefined])
})
