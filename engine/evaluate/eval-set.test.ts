import { expect, test } from 'vitest'
import { makeSpan } from '../model/make-span.ts'
import { buildOfflineEval, buildOnlineEval, buildPlan, e, INT } from './build-plan.ts'
import { compileEvaluator } from './evaluator.ts'
import { compileOfflineEval } from './offline-eval.ts'
import { viewTrace } from './trace-view.ts'

const llmScope = { subject: 'llm_call', where: null, traceWhere: null } as const
const alone = buildOnlineEval('alone', e.cmp(e.over('count', e.select('span')), '==', e.lit(1)), { scope: llmScope })
const first = makeSpan({ traceId: 'a', spanId: '1', kind: 'llm' })
const late = makeSpan({ traceId: 'a', spanId: '2', kind: 'tool' })

test('a verdict asked of the same span in a later revision of its trace is asked anew', () => {
  const asking = buildOnlineEval('asking', e.verdictOf('test/alone', 'pass'), { scope: llmScope })
  const evaluator = compileEvaluator(buildPlan({ evals: [asking, alone] }))
  const verdicts = (spans: (typeof first)[], revision: number) =>
    evaluator
      .onTrace({ tenant: 'default', traceId: 'a', spans }, revision, 0)
      .map((result) => [result.evalId, result.revision, result.verdict])
  expect(verdicts([first], 1)).toEqual([
    ['test/alone', 1, 'pass'],
    ['test/asking', 1, 'pass'],
  ])
  expect(verdicts([first, late], 2)).toEqual([
    ['test/alone', 2, 'fail'],
    ['test/asking', 2, 'fail'],
  ])
})

test('asking for a verdict leaves the score and the reason of the one who asks alone', () => {
  const dependency = buildOnlineEval('dep', e.cmp(e.score(), '>', e.lit(100)), { score: e.lit(1), scope: llmScope })
  const asking = buildOnlineEval(
    'asking',
    e.or(
      e.cmp(e.field('tokens.input', INT), '<', e.lit(1)),
      e.verdictOf('test/dep', 'pass'),
      e.cmp(e.score(), '<', e.lit(7)),
    ),
    { score: e.lit(7), scope: llmScope, when: 'arrival' },
  )
  const evaluator = compileEvaluator(buildPlan({ evals: [asking, { ...dependency, when: 'arrival' }] }))
  expect(evaluator.onSpan(first, 0).find((result) => result.evalId === 'test/asking')).toMatchObject({
    verdict: 'unknown',
    score: 7,
    reason: { code: 'not_captured', field: 'tokens.input' },
  })
})

test('an offline eval samples what an online one flags, and decides by the score it is given', () => {
  const judged = buildOfflineEval(
    'judged',
    e.and(e.cmp(e.score(), '>=', e.lit(4)), e.isPresent(e.field('output.text'))),
    {
      sample: {
        size: 'all',
        scope: { subject: 'llm_call', where: e.verdictOf('test/alone'), traceWhere: null },
        overNs: 1,
        by: [],
      },
    },
  )
  const offline = compileOfflineEval(buildPlan({ evals: [alone, judged] }), judged)
  const only = viewTrace('default', 'a', [first])
  const both = viewTrace('default', 'a', [first, late])
  expect(offline.subjects(only)).toEqual([])
  expect(offline.subjects(both)).toEqual([first])
  expect(offline.decide(both, first, { kind: 'score', score: 5 }).verdict).toBe('fail')
  const spoken = makeSpan({ ...first, outputText: 'hi' })
  expect(offline.decide(viewTrace('default', 'a', [spoken, late]), spoken, { kind: 'score', score: 4 }).verdict).toBe(
    'pass',
  )
  expect(offline.decide(both, spoken, { kind: 'none', why: { code: 'abstained' } })).toEqual({
    verdict: 'unknown',
    reason: { code: 'abstained' },
  })
})
