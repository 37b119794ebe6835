import { expect, test } from 'vitest'
import { LogError } from '../../storage/log/port.ts'
import { QueueError } from '../../storage/queue/port.ts'
import { StateError } from '../../storage/state/port.ts'
import { QueryLimitError } from '../../storage/traces/port.ts'
import { isOutage } from './outage.ts'

test.each([
  ['the log', new LogError('io', 'no broker'), true],
  ['the queue', new QueueError('unavailable', 'no Redis'), true],
  ['the shared state', new StateError('no Redis'), true],
  ['a store with too many questions', new QueryLimitError('busy', 'too many'), true],
  ['a question that is too large', new QueryLimitError('memory', 'too large'), false],
  ['a bug', new TypeError('undefined is not a function'), false],
])('%s', (_, error, isAway) => {
  expect(isOutage(error)).toBe(isAway)
})
