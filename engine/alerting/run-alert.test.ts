import { expect, test } from 'vitest'
import { planOf } from '../../dsl/testing.ts'
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
const isStandIn = (judge: string): boolean =>
  observationOf(makeResult({ judgeModel: 'gpt-5-mini-2026-01-01' }), alertOn(judge), 0).standIn === true

test('what another judge said than the eval names stands in; of an eval that names none, the configured one is its own', () => {
  expect(isStandIn('judge: "openai/gpt-5-mini"')).toBe(false)
  expect(isStandIn('judge: "openai/gpt-9"')).toBe(true)
  expect(isStandIn('')).toBe(false)
})
