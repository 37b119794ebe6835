import { expect, test } from 'vitest'
import { matchersText } from './matchers-text.ts'

test('what a silence matches is written as it was asked for', () => {
  expect(matchersText({ alert: 'shop/leak', labels: {} })).toBe('alert=shop/leak')
  expect(matchersText({ eval: 'shop/*', severity: 'page', labels: { 'agent.version': '2.1' } })).toBe(
    'eval=shop/* severity=page agent.version=2.1',
  )
})
