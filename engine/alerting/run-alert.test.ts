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
