import { expect, test } from 'vitest'
import { groupLabels } from './group-text.ts'

test('a label that the subjects do not have is said to be none', () => {
  expect(groupLabels({ env: 'prod', 'agent.version': '' })).toEqual(['env prod', 'agent.version (none)'])
})
