import { expect, test } from 'vitest'
import { valueAsOf } from './value-as-of.ts'

test('the numbers of an alert are said to be of its last change of state', () => {
  expect(valueAsOf('firing', 'text')).toBe('when it fired')
  expect(valueAsOf('firing', 'head')).toBe('When it fired')
  expect(valueAsOf('resolved', 'head')).toBe('When it was over')
})
