import { expect, test } from 'vitest'
import { sampleMessage } from '../../alerting/receivers/sample.ts'
import { createMemoryLog } from '../../test/support/memory-log.ts'
import { ALERTS } from '../log/topics.ts'
import { followAlertStates } from './alert-states.ts'

const log = createMemoryLog(() => 0)
const of = (incident: string, event: 'firing' | 'resolved') => {
  const route = { receiver: 'slack', target: '#shop' } as const
  const [item] = sampleMessage({ id: incident, tenant: 'default', route, event, atMs: 0, sinceMs: 0, ref: null }).items
  return { ...item!.transition, id: `${incident}#${event}` }
}
const write = (transition: object): void =>
  log.append(ALERTS, [{ key: 'leak', value: Buffer.from(JSON.stringify(transition)), headers: { tenant: 'default' } }])

test('an incident is over when its end was read, or another, and not while it has yet to be read itself', async () => {
  const client = log.client({ onWrite: () => true, isAlive: () => true })
  write(of('leak.1', 'firing'))
  const states = await followAlertStates({ log: client, onProblem: expect.fail })
  const isOver = (incident: string): boolean => states.isOver('default', of(incident, 'firing'))
  expect(isOver('leak.1')).toBe(false)
  write(of('leak.1', 'resolved'))
  await states.refresh()
  expect([isOver('leak.1'), isOver('leak.2')]).toEqual([true, false])
  write(of('leak.2', 'firing'))
  await states.refresh()
  expect([isOver('leak.1'), isOver('leak.2')]).toEqual([true, false])
  await states.close()
})
