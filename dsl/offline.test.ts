import { describe, expect, test } from 'vitest'
import type { OfflineEvalPlan } from './plan.ts'
import { clausesOfEval } from './print-clauses.ts'
import { patternName } from './print-expr.ts'
import { printMetric } from './print-metric.ts'
import { codesOf, compileText, OFFLINE } from './testing.ts'

function metric(
  call: string,
  more = '',
  sample = '100 of trace where env == "prod" over 6h',
  pass = 'score >= 90%',
): string {
  return `package shop
offline eval it {
  every:   hour in "UTC"
  sample:  ${sample}
  metric:  ${call}
  pass:    ${pass}
  missing: unknown
${more}}
`
}

function compiled(text: string): { plan: OfflineEvalPlan; warnings: string[] } {
  const { plan, diagnostics } = compileText(text)
  const found = plan?.evals[0]
  if (found?.kind !== 'offline')
    throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join('\n'))
  return { plan: found, warnings: diagnostics.map(({ code }) => code) }
}

const family = (where: string): string =>
  `package shop
offline eval kind {
  every: hour in "UTC"
  sample: 5 of llm_call where ${where} over 1h
  judge: "openai/gpt-5-mini"
  show: output.text
  scale: 1 to 5
  rubric: "5 kind, 1 rude"
  pass: score >= 4
  missing: unknown
}
`

describe('metrics', () => {
  test('their arguments compile with all defaults', () => {
    const { plan, warnings } = compiled(
      metric('context_relevance(documents: documents, query: query.text)', '', 'all of retrieval over 1h'),
    )
    expect(warnings).toEqual([])
    expect(plan.method).toEqual({
      kind: 'metric',
      judge: null,
      metric: {
        name: 'context_relevance',
        version: 1,
        args: {
          query: { kind: 'expr', expr: { op: 'field', path: 'query.text', type: { kind: 'string' } } },
          documents: { kind: 'documents', path: 'documents' },
          k: { kind: 'value', value: 5 },
          take: { kind: 'value', value: 'precision' },
        },
      },
    })
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  })

  test.each([
    'faithfulness(answer: output.text, context: retrieval.documents)',
    'answer_relevance(question: input.text ?? "", answer: output.text)',
    'context_relevance(query: input.text, documents: retrieval.documents, k: 3, take: "ndcg")',
    'context_recall(reference: attr("shop.expected", string), context: retrieval.documents)',
    'citation_quality(answer: output.text, context: retrieval.documents, take: "recall")',
    'k_precision(answer: output.text, context: retrieval.documents)',
    'token_f1(answer: output.text, reference: attr("shop.expected", string))',
    'trajectory_match(expected: ["search", "answer"], take: "exact")',
    'step_efficiency(reference: 4)',
    'error_recovery()',
    'handoffs(allowed: ["triage > billing"])',
  ])('%s', (call) => {
    const { plan } = compiled(metric(call))
    const { method } = plan
    if (method.kind !== 'metric') throw new Error('a metric was expected')
    const options = { patterns: [], patternText: patternName }
    const text = printMetric(method.metric, options)
    // As it is printed it says the same, in an eval's page as in a difference of two.
    expect(compiled(metric(text)).plan.method).toEqual(method)
    expect(clausesOfEval(plan, options)).toContainEqual({ clause: 'metric', text, measured: text })
  })

  test('a proxy stands in for judges, outside of what is measured', () => {
    const faithful = 'faithfulness(answer: output.text, context: retrieval.documents)'
    const { plan: without } = compiled(metric(faithful))
    const { plan, warnings } = compiled(
      metric(faithful, '  proxy: k_precision(answer: output.text, context: retrieval.documents)\n'),
    )
    expect(warnings).toEqual([])
    expect(plan.proxy).toMatchObject({ name: 'k_precision', version: 1 })
    expect([plan.measureHash, plan.verdictHash]).toEqual([without.measureHash, without.verdictHash])
  })

  test.each([
    ['asks a judge', 'answer_relevance(question: input.text, answer: output.text)', 'E0424'],
    ['has no scale', 'loops()', 'E0424'],
    ['is none', 'k_precisio(answer: output.text)', 'E0421'],
  ])('refuses a proxy that %s', (_, proxy, code) => {
    const faithful = 'faithfulness(answer: output.text, context: retrieval.documents)'
    expect(codesOf(metric(faithful, `  proxy: ${proxy}\n`))).toEqual([code])
  })

  test('refuses a proxy for what asks no judge', () => {
    const call = 'token_f1(answer: output.text, reference: attr("shop.expected", string))'
    expect(codesOf(metric(call, `  proxy: ${call}\n`))).toEqual(['E0424'])
  })

  test('of documents can have a judge of their own', () => {
    const { plan } = compiled(
      metric('faithfulness(answer: output.text, context: retrieval.documents)', '  judge: "a/one" or else "b/two"\n'),
    )
    expect(plan.method.judge).toEqual({ models: ['a/one'], fallbacks: ['b/two'], take: null })
  })

  test.each([
    ['that do not exist', metric('faithfullness(answer: output.text)'), ['E0421']],
    ['without arguments', metric('faithfulness'), ['E0421']],
    [
      'of another subject',
      metric('faithfulness(answer: output.text, context: documents)', '', '1 of llm_call over 1h'),
      ['E0421'],
    ],
    ['a forgotten argument', metric('faithfulness(answer: output.text)'), ['E0422']],
    ['an unknown argument', metric('faithfulness(answer: output.text, contexts: retrieval.documents)'), ['E0422']],
    ['an argument without a name', metric('faithfulness(output.text, retrieval.documents)'), ['E0422', 'E0422']],
    ['an argument twice', metric('loops(max_period: 2, max_period: 3)', '', undefined, 'score <= 3'), ['E0422']],
    ['another type', metric('faithfulness(answer: duration, context: output.text)'), ['E0422', 'E0422']],
    ['an unknown field', metric('faithfulness(answer: output.txt, context: retrieval.documents)'), ['E0203']],
    ['a number out of range', metric('loops(max_period: 200)', '', undefined, 'score <= 3'), ['E0422']],
    ['an unknown word', metric('trajectory_match(expected: ["a"], take: "recal")'), ['E0422']],
    ['a bare score', metric('error_recovery()', '', undefined, 'score >= 0.9'), ['E0201']],
    ['more than all', metric('error_recovery()', '', undefined, 'score >= 101%'), ['E0218']],
    ['a scale', metric('error_recovery()', '  scale: 1 to 5\n'), ['E0424']],
    ['a judge that nobody asks', metric('error_recovery()', '  judge: "a/one"\n'), ['E0424']],
    ['no missing', metric('error_recovery()').replace('  missing: unknown\n', ''), ['E0207']],
  ])('not %s', (_name, text, codes) => {
    expect(codesOf(text)).toEqual(codes)
  })

  test('did you mean', () => {
    const text = metric('faithfulness(answr: output.text, context: retrieval.documents)')
    expect(compileText(text).diagnostics[0]).toMatchObject({
      message: expect.stringContaining('did you mean `answer`'),
      fix: { applicability: 'machine' },
    })
  })

  test('are tested with what the test says', () => {
    const text = metric('error_recovery()')
    const given = (returns: string): string =>
      `${text}test "t" {\n  given trace { env: "prod" }\n  given it judge returns ${returns}\n  expect it: pass\n}\n`
    const { plan } = compileText(given('95%'))
    expect(plan?.tests[0]?.given[1]).toEqual({ kind: 'judge', evalId: 'shop/it', returns: 0.95 })
    expect(codesOf(given('5'))).toEqual(['E0417'])
    expect(codesOf(given('101%'))).toEqual(['E0417'])
  })
})

describe('judges, labels and budgets', () => {
  const offline = (from: string, to: string): string => `package shop\n${OFFLINE.replace(from, to)}`

  test.each([
    ['take mean', 'mean', []],
    ['take median', 'median', []],
    ['take majority', 'majority', []],
  ])('a panel can %s', (words, take, codes) => {
    const { plan, warnings } = compiled(offline('take mean', words))
    expect(plan.method.judge?.take).toBe(take)
    expect(warnings).toEqual(codes)
  })

  test('a budget may name a cheaper judge', () => {
    const text = offline('"a/one", "b/two" take mean', '"a/one"').replace(
      '  pass:',
      '  budget: 3 USD per run or else "a/tiny"\n  pass:',
    )
    expect(compiled(text)).toMatchObject({
      plan: { budget: { currency: 'USD', perRunMicros: 3e6, perMonthMicros: null, cheaper: 'a/tiny' } },
      warnings: [],
    })
  })

  test('labels of a file and a budget are in the plan, and are no part of what is measured', () => {
    const text = offline('  pass:', '  labels: "labels/it.jsonl"\n  budget: 3 USD per run, 60 USD per month\n  pass:')
    const { plan, warnings } = compiled(text)
    expect(plan.labels).toBe('labels/it.jsonl')
    expect(plan.anchors).toEqual([
      { traceId: 'a'.repeat(32), score: 4, by: 'ana' },
      { traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), verdict: 'fail' },
    ])
    const bare = compiled(offline('', '')).plan
    expect([plan.measureHash, plan.verdictHash]).toEqual([bare.measureHash, bare.verdictHash])
    expect(bare.anchors).toBeUndefined()
    expect(plan.budget).toEqual({ currency: 'USD', perRunMicros: 3e6, perMonthMicros: 60e6 })
    expect(warnings).toEqual([])
  })

  test('a label of a file whose score is not on the scale is an error', () => {
    const text = offline('  pass:', '  labels: "labels/percent.jsonl"\n  pass:')
    expect(compileText(text).diagnostics).toMatchObject([
      { code: 'E0426', message: 'this file holds no labels: line 1: "score" is from 1 to 5' },
    ])
  })

  test('sessions compile', () => {
    const { plan, warnings } = compiled(
      offline('trace where count(retrieval) > 0', 'session where duration > 1m and count(tool_call) > 3').replace(
        'input.text, output.text',
        'trace.input.text, trace.output.text',
      ),
    )
    expect(plan.sample.scope.subject).toBe('session')
    expect(warnings).toEqual([])
  })

  test.each([
    ['a panel of one', offline('"a/one", "b/two" take mean', '"a/one" take mean'), ['E0407']],
    ['a panel with one voice twice', offline('"b/two"', '"a/one"'), ['E0407']],
    ['one model of two providers on a panel', offline('"b/two"', '"b/one"'), ['E0407']],
    ['a stand-in written twice', offline('or else "c/three"', 'or else "c/three" or else "c/three"'), ['E0407']],
    ['a member that stands in', offline('or else "c/three"', 'or else "b/two"'), ['E0407']],
    ['a judge of the family of the sample', family('model == "gpt-5"'), ['W0430']],
    ['a judge of the family of one of several', family('model in ["claude-opus-4-5", "gpt-4o"]'), ['W0430']],
    ['a judge of another family', family('model == "claude-opus-4-5"'), []],
    ['a judge of the family that is left out', family('not (model == "gpt-5")'), []],
    ['another way to agree', offline('take mean', 'take meen'), ['E0112']],
    ['labels that name nothing', offline('  pass:', '  labels: ""\n  pass:'), ['E0112']],
    ['a budget without money', offline('  pass:', '  budget: 3 per run\n  pass:'), ['E0423']],
    ['a budget in another currency', offline('  pass:', '  budget: 3 EUR per run\n  pass:'), ['E0423']],
    ['a budget of nothing', offline('  pass:', '  budget: 0 USD per run\n  pass:'), ['E0423']],
    ['a cheaper judge of a panel', offline('  pass:', '  budget: 3 USD per run or else "a/tiny"\n  pass:'), ['E0407']],
    [
      'a cheaper judge that is no model',
      offline('  pass:', '  budget: 3 USD per run or else "tiny"\n  pass:'),
      ['E0407'],
    ],
    ['a budget per week', offline('  pass:', '  budget: 3 USD per week\n  pass:'), ['E0423']],
    ['two budgets', offline('  pass:', '  budget: 3 USD per run, 4 USD per run\n  pass:'), ['E0423']],
    ['a month for less than a run', offline('  pass:', '  budget: 3 USD per run, 2 USD per month\n  pass:'), ['E0423']],
    [
      'a trace of a session',
      offline('trace where count(retrieval) > 0', 'session where trace.env == "x"'),
      ['E0212', 'E0203'],
    ],
    ['a text of a session', offline('trace where count(retrieval) > 0', 'session'), ['E0203']],
  ])('not %s', (_name, text, codes) => {
    expect([...new Set(codesOf(text))]).toEqual(codes)
  })
})

describe('a judge of the family of what a test gives it', () => {
  const given = (model: string, outcome = 'pass', where = 'env == "prod"'): string =>
    `${family(where)}${['one', 'two']
      .map(
        (name) =>
          `test "${name}" {\n  given trace { env: "prod" llm_call { model: "${model}"\n output.text: "hi" } }\n  given kind judge returns 5\n  expect kind: ${outcome}\n}\n`,
      )
      .join('')}`

  test('is said once an eval, where the first test expects a verdict of it', () => {
    const { diagnostics } = compileText(given('gpt-5'))
    expect(diagnostics).toMatchObject([{ code: 'W0430', line: 16 }])
    expect(diagnostics[0]?.label).toBe('judges "gpt-5", by the trace of this test')
  })

  test.each([
    ['another family', given('claude-opus-4-5'), []],
    ['a trace that is not judged', given('gpt-5', 'none'), []],
    ['one that its own scope names', given('gpt-5', 'pass', 'model == "gpt-4o"'), ['W0430']],
  ])('is not said again of %s', (_name, text, codes) => {
    expect(codesOf(text)).toEqual(codes)
  })
})

describe('samples that lean to what is flagged, and slots that were missed', () => {
  const sampled = (sample: string, more = ''): string => metric('error_recovery()', more, sample)

  test('half of a sample', () => {
    const { plan, warnings } = compiled(sampled('100 of trace where env == "prod" over 6h, half flagged'))
    expect(warnings).toEqual([])
    expect(plan.sample).toMatchObject({ size: 100, by: [], flagged: 'half' })
    // How it is drawn changes the error bars, and not what is measured.
    expect(plan.measureHash).toBe(compiled(sampled('100 of trace where env == "prod" over 6h')).plan.measureHash)
  })

  test.each([
    ['all of trace over 6h, half flagged', ['E0406']],
    ['1 of trace over 6h, half flagged', ['E0406']],
    ['100 of trace over 6h, half flagged by agent.version', ['E0406']],
    ['100 of trace over 6h, half flaged', ['E0112']],
    ['100 of trace over 6h, third flagged', ['E0112']],
    ['100 of trace over 6h, half', ['E0112']],
    ['100 of trace over 6h, flagged', ['E0112']],
  ])('not `%s`', (sample, codes) => {
    expect(codesOf(sampled(sample))).toEqual(codes)
  })

  test.each([
    ['latest', undefined],
    ['all', 'all'],
    ['none', 'none'],
  ])('missed: %s', (word, missed) => {
    const { plan, warnings } = compiled(sampled('100 of trace over 6h', `  missed: ${word}\n`))
    expect([plan.missed, warnings]).toEqual([missed, []])
  })

  test('another word', () => {
    const { diagnostics } = compileText(sampled('100 of trace over 6h', '  missed: lates\n'))
    expect(diagnostics[0]).toMatchObject({ fix: { applicability: 'machine' } })
  })
})
