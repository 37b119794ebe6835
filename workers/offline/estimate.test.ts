/** What a run is said to cost, before anybody is asked. */
import { expect, test } from 'vitest'
import { compileText } from '../../dsl/testing.ts'
import { compileOfflineEval } from '../../engine/evaluate/offline-eval.ts'
import { viewSession } from '../../engine/evaluate/session-view.ts'
import type { TraceView } from '../../engine/evaluate/subject.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import { createOutputEstimate } from './budgeted-client.ts'
import { createEstimator } from './estimate.ts'
import type { JudgeClient } from './judge-client.ts'

const TEXT = `package qa
offline eval answers {
  every:   hour in "UTC"
  sample:  10 of session over 1h
  judge:   "a/x"
  metric:  answer_relevance(question: input.text, answer: output.text)
  pass:    score >= 50%
  missing: unknown
}
`
const { plan } = compileText(TEXT)
const evalPlan = plan?.evals[0]
if (plan === null || evalPlan?.kind !== 'offline') throw new Error('the text is wrong')
const compiled = compileOfflineEval(plan, evalPlan)

const idOf = (turn: number): string => `${turn}`.repeat(32)

/** A session of so many turns; of some the answer was not captured. */
function sessionOf(answers: readonly (string | undefined)[]): TraceView {
  const spans = answers.map((outputText, i) =>
    makeSpan({
      traceId: idOf(i + 1),
      spanId: '1'.repeat(16),
      sessionId: 's',
      startTimeUs: 1e15 + i,
      inputText: 'Where is it?',
      outputText,
    }),
  )
  return viewSession('default', idOf(1), spans)
}

test.each([
  ['each of its traces', ['Here.', 'Here.', 'Here.'], 3],
  ['those of its traces that a judge would be asked about', ['Here.', undefined, 'Here.'], 2],
])('a session costs what %s costs', async (_, answers, times) => {
  const prices = { 'a/x': { input: 1, output: 10 } }
  const estimate = createEstimator(compiled, evalPlan.method.judge, prices, createOutputEstimate())
  const one = (await estimate(sessionOf(['Here.']), undefined)).ownMicroUsd ?? 0
  expect(one).toBeGreaterThan(0)
  expect((await estimate(sessionOf(answers), undefined)).ownMicroUsd).toBe(one * times)
})

test('the question is put together once for the judge and the cheaper one', async () => {
  const text = TEXT.replace('  pass:', '  budget:  1 USD per month or else "a/y"\n  pass:')
  const { plan, diagnostics } = compileText(text)
  const own = plan?.evals[0]
  if (plan === null || own?.kind !== 'offline') throw new Error(JSON.stringify(diagnostics))
  const whole = compileOfflineEval(plan, own)
  let asked = 0
  const counted: typeof whole = {
    ...whole,
    inquire(view, span) {
      const inquiry = whole.inquire?.(view, span)
      if (inquiry?.kind !== 'ask') throw new Error('it asks nobody')
      return {
        kind: 'ask',
        about: (asker) => {
          asked++
          return inquiry.about(asker)
        },
      }
    },
  }
  const prices = { 'a/x': { input: 3, output: 30 }, 'a/y': { input: 1, output: 10 } }
  const estimatorWith = (recall: JudgeClient['recall'] | null) =>
    createEstimator(counted, own.method.judge, prices, createOutputEstimate(), recall)
  const first = await estimatorWith(null)(sessionOf(['Here.']), undefined)
  expect(asked).toBe(1)
  expect(first.ownMicroUsd).toBe((first.cheapMicroUsd ?? 0) * 3)
  // Where one of them has answered, what it would be asked next may be something else than the other.
  expect(await estimatorWith(async () => null)(sessionOf(['Here.']), undefined)).toEqual(first)
  expect(asked).toBe(3)
})
