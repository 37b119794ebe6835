import { expect, test } from 'vitest'
import { planOf } from '../../dsl/testing.ts'
import { measureBy } from '../judge/answered-by.ts'
import { makeResult } from '../model/make-result.ts'
import { observationOf } from './observation.ts'
import { runAlertsOf } from './run-alert.ts'

const alertOn = (judge: string) => {
  const [alert] = runAlertsOf(
    planOf(`package shop
offline eval grounded {
  every: hour in "UTC"
  sample: 5 of trace over 1h
  metric: faithfulness(answer: output.text, context: retrieval.documents)
  ${judge}
  pass: score >= 90%
  missing: unknown
}
alert fell {
  on: grounded
  when: pass_rate regresses by 5pp vs 14d
  severity: ticket
  notify: slack("#quality")
  no_data: keep
}
`),
  )
  if (alert === undefined) throw new Error('there is no alert')
  return alert
}

test('an alert on changes is fed by the hash of what measured, whatever the provider calls its model', () => {
  const alert = alertOn('judge: "azure/my-deployment" or else "openai/gpt-5-mini"')
  const measureHash = alert.measureHash ?? ''
  const observed = (hash: string) =>
    observationOf(makeResult({ judgeModel: 'gpt-5-2026-01-01', measureHash: hash }), alert, 0)
  expect(observed(measureHash).measureHash).toBe(alert.measureHash)
  const ofStandIn = measureBy({ measureHash }, 'openai/gpt-5-mini')
  expect(observed(ofStandIn).measureHash).not.toBe(alert.measureHash)
})

const SLOW = `online eval fast { on: trace  score: duration  pass: score <= 8s  missing: unknown }
alert slow { on: fast  when: count(fail) >= 1 over 10m  severity: page }`
const COSTS = 'alert costs { on: llm_call  when: mean(cost) >= 0.05 USD over 1h  severity: page }'
const LONG = `online eval long { on: trace  score: count(llm_call)  pass: score <= 20  missing: unknown }
alert many { on: long  when: count(fail) >= 1 over 10m  severity: page }`

test.each([
  ['an eval, though its rule counts', SLOW, 'ms'],
  ['a measure of its own', COSTS, 'USD'],
  ['a plain number', LONG, undefined],
])('an example of an alert on %s says what its score counts', (_, source, unit) => {
  const [alert] = runAlertsOf(planOf(`package shop\n${source}\n`))
  const exampleOf = (measureHash: string, score?: number) =>
    observationOf(makeResult({ verdict: 'fail', score, measureHash }), alert!, 0).exemplar
  expect(exampleOf(alert!.measureHash!, 3_500)).toMatchObject({ score: 3_500 })
  expect(exampleOf(alert!.measureHash!, 3_500)?.scoreUnit).toBe(unit)
  expect(exampleOf(alert!.measureHash!)?.scoreUnit).toBeUndefined()
  // What another definition measured may count something else.
  expect(exampleOf('f'.repeat(32), 3_500)?.scoreUnit).toBeUndefined()
})
