/**
 * Named points between two effects, at which the fault suite (`npm run test:faults`) has a process killed: a crash of the machine's
 * choosing seldom falls between a write and the note of it. Unless `ASSAY_FAULT_POINT` names one, passing a point is one comparison.
 *
 * `ASSAY_FAULT_POINT=store.after-insert:3` kills the process, as `kill -9` does, at the third time that it passes there.
 */

/** Every point, with what has happened by then and what has not. The suite reaches each of them. */
export const FAULT_POINTS = {
  'gateway.before-append': 'a request is read, nothing of it is in the log',
  'gateway.after-append': 'its spans are in the log, the sender has no answer',
  'evaluate.before-append': 'records are evaluated, no result is in the log',
  'evaluate.after-append': 'results are in the log, the offsets of what they judge are not committed',
  'evaluate.after-commit': 'offsets are committed',
  'store.after-dead-letters': 'dead letters of a batch are in the log, its rows are in no table',
  'store.before-insert': 'a batch is read, its rows are in no table',
  'store.after-spans': 'the spans of a batch are in their table, its results are not',
  'store.after-insert': 'a batch is stored, its offsets are not committed',
  'store.after-commit': 'offsets are committed',
  'alerts.after-transitions': 'transitions are in the log, nobody is told of them',
  'alerts.after-notifications': 'notifications are in the log, the state of their alerts is not',
  'alerts.after-checkpoints': 'the state of the alerts is in the log, the offsets of their input are not committed',
  'alerts.after-commit': 'offsets are committed',
  'manager.before-send': 'a notification is read, its receiver has not heard of it',
  'manager.after-send': 'the receiver has taken a notification, nothing notes that',
  'manager.after-record': 'the delivery is noted',
  'offline.after-plan': 'the sample of a run is kept, none of its batches is on the queue',
  'offline.after-fan-out': 'the batches of a run are on the queue, the run does not wait for them',
  'offline.after-results': 'results of a run are in the log, the run is not over',
  'offline.before-complete': 'all results of a batch are in the log, its job is not marked as done',
  'scheduler.after-enqueue': 'the run of a slot is on the queue, the slot is not marked as dealt with',
  'definitions.before-publish': 'a push is checked, nothing of it is in the log',
  'definitions.after-publish': 'packages are in the log, whoever pushed them has no answer',
} as const satisfies Record<string, string>

export type FaultPoint = keyof typeof FAULT_POINTS

export const FAULT_POINT_VARIABLE = 'ASSAY_FAULT_POINT'

export interface ArmedPoint {
  readonly name: FaultPoint
  /** Of passings, the last of which kills. */
  count: number
}

export function isFaultPoint(name: string): name is FaultPoint {
  return Object.hasOwn(FAULT_POINTS, name)
}

/** `name` or `name:count`; throws on what names no point, for a kill that never comes proves nothing. */
export function parseArmedPoint(text: string): ArmedPoint {
  const [name = '', count = '1'] = text.split(':')
  if (!isFaultPoint(name)) throw new Error(`${FAULT_POINT_VARIABLE}: there is no fault point ${name}`)
  if (!/^[1-9]\d{0,8}$/.test(count)) throw new Error(`${FAULT_POINT_VARIABLE}: ${count} is no count from 1`)
  return { name, count: Number(count) }
}

const setting = process.env[FAULT_POINT_VARIABLE]
const armed: ArmedPoint | null = setting === undefined || setting === '' ? null : parseArmedPoint(setting)

/** Does nothing, unless it is the point at which this process is to die. */
export function faultPoint(name: FaultPoint): void {
  if (armed === null) return
  if (armed.name !== name || --armed.count > 0) return
  process.kill(process.pid, 'SIGKILL')
  // The signal is on its way; not one more effect may be.
  for (;;);
}
