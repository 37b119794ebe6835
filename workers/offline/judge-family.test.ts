import { expect, test } from 'vitest'
import type { JudgePlan } from '../../dsl/plan.ts'
import { planOf } from '../../dsl/testing.ts'
import { viewTrace } from '../../engine/evaluate/trace-view.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import { familyWatch } from './judge-family.ts'

const [written, measured] = planOf(`package shop
default missing: unknown
offline eval kind {
  every: hour in "UTC"
  sample: 5 of trace over 1h
  metric: faithfulness(answer: output.text, context: retrieval.documents)
  pass: score >= 90%
}
offline eval overlap {
  every: hour in "UTC"
  sample: 5 of trace over 1h
  metric: token_f1(answer: output.text, reference: input.text)
  pass: score >= 50%
}
`).evals
if (written?.kind !== 'offline' || measured?.kind !== 'offline') throw new Error('no offline eval')
const [evalPlan, askingNobody] = [written, measured]

const judge = (...models: string[]): JudgePlan => ({ models, fallbacks: [], take: models.length > 1 ? 'mean' : null })

const noticesOf = (asked: JudgePlan | null, ...models: string[]): string[] => noticesAbout(evalPlan, asked, models)

function noticesAbout(of: typeof evalPlan, asked: JudgePlan | null, models: readonly string[]): string[] {
  const notices: string[] = []
  const watch = familyWatch(of, asked, (notice) => notices.push(notice))
  for (const [i, model] of models.entries()) {
    const traceId = `${i}`.padStart(32, '0')
    watch(viewTrace('default', traceId, [makeSpan({ traceId, spanId: `${i}`, kind: 'llm', model })]))
  }
  return notices
}

test('a judge of the family of the agents is told of once', () => {
  const [notice, ...more] = noticesOf(judge('openai/gpt-5-mini'), 'claude-haiku-4-5', 'gpt-4o-2024-11-20', 'gpt-5')
  expect(notice).toContain('Its judge is openai/gpt-5-mini, and agents that it judges run on GPT models too')
  expect(more).toEqual([])
})

test('one of a panel is enough', () => {
  expect(noticesOf(judge('openai/gpt-5-mini', 'anthropic/claude-haiku-4-5'), 'claude-sonnet-4-5')).toEqual([
    expect.stringContaining('Its judge is anthropic/claude-haiku-4-5'),
  ])
})

test.each<[string, JudgePlan | null, string]>([
  ['another family', judge('google/gemini-2.5-pro'), 'gpt-5'],
  ['a judge of no known family', judge('vllm/judge'), 'judge'],
  ['no judge', null, 'gpt-5'],
])('nothing is said of %s', (_, asked, model) => {
  expect(noticesOf(asked, model)).toEqual([])
})

test('nothing is said of a metric that asks no judge, whatever the configuration names for those that do', () => {
  expect(noticesAbout(askingNobody, judge('openai/gpt-5-mini'), ['gpt-5'])).toEqual([])
})
