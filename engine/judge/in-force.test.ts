import { expect, test } from 'vitest'
import { isIntact } from '../../dsl/packages.ts'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { planOf } from '../../dsl/testing.ts'
import { runAlertsOf } from '../alerting/run-alert.ts'
import { type JudgesInForce, judgedAs, underJudges } from './in-force.ts'

const FILE = planOf(`package shop
default missing: unknown
offline eval kind {
  every: hour in "UTC"
  sample: 5 of trace over 1h
  judge: "openai/gpt-5-mini" or else "b/y"
  show: output.text
  scale: 1 to 5
  rubric: "5 kind, 1 rude"
  pass: score >= 4
}
offline eval grounded {
  every: hour in "UTC"
  sample: 5 of trace over 1h
  metric: faithfulness(answer: output.text, context: retrieval.documents)
  pass: score >= 90%
}
alert fell { on: kind  when: pass_rate regresses by 5pp vs 14d  severity: ticket  notify: slack("#q")  no_data: keep }
`)
const under = (judges: Partial<JudgesInForce>): ReturnType<typeof planOf> =>
  underJudges(FILE, { defaultJudge: null, providers: [], ...judges })
const measured = (judges: Partial<JudgesInForce>): (string | undefined)[] =>
  under(judges).evals.map(({ measureHash }) => measureHash)
const [kind, grounded] = measured({})
const openai = { name: 'openai' }

test('keys, and providers that nothing asks, leave what is measured as it is', () => {
  expect(under({ providers: [openai, { name: 'other', logprobs: true }] })).toBe(FILE)
})

test.each<[string, Partial<JudgesInForce>, boolean[]]>([
  ['log-probabilities', { providers: [{ ...openai, logprobs: true }] }, [true, false]],
  ['another provider of the model', { providers: [openai, { name: 'azure', alsoFor: 'openai' }] }, [true, false]],
  ['the configured judge', { defaultJudge: { models: ['a/x'], fallbacks: [], take: null } }, [false, true]],
])('%s breaks the series of those that it is asked for, and of no others', (_, judges, broken) => {
  const found = measured(judges)
  expect([found[0] !== kind, found[1] !== grounded]).toEqual(broken)
  expect(isIntact(under(judges))).toBe(true)
  // Alerts go by the same hash: theirs begin anew.
  expect(runAlertsOf(under(judges))[0]?.measureHash).toBe(found[0])
})

test('who is behind the configured judge is no part of it, and each default is another measure', () => {
  const by = (...names: string[]) => {
    const [first = '', ...fallbacks] = names
    return measured({ defaultJudge: { models: [first], fallbacks, take: null } })[1]
  }
  expect(by('a/x', 'b/y')).toBe(by('a/x'))
  expect(by('b/y')).not.toBe(by('a/x'))
})

test('files that say the same are seen as what is in force, whatever is configured where they are', () => {
  const inForce = under({ defaultJudge: { models: ['a/x'], fallbacks: [], take: null } })
  expect(judgedAs(FILE, inForce)).toEqual(inForce)
  const [other] = FILE.evals as OfflineEvalPlan[]
  const changed = { ...FILE, evals: [{ ...other!, measureHash: 'another' }] }
  expect(judgedAs(changed, inForce)).toBe(changed)
})
