/** Messages that look like real ones: what `assay alerts send-test` sends, and what tests of receivers begin with. */
import type { NotifiedTransition, Route } from '../notification.ts'
import type { AlertEvent, AlertMessage } from './receiver.ts'

const measure = { kind: 'count', verdict: 'fail', type: { kind: 'int' } } as const

function sampleTransition(id: string, event: AlertEvent, atMs: number, sinceMs: number): NotifiedTransition {
  const isOver = event === 'resolved'
  return {
    id,
    alertId: 'assay/send_test',
    evalId: 'assay/sample',
    group: {},
    rule: 'count(fail) >= 1 over 10m',
    title: 'A test of Assay: nothing is wrong',
    owner: null,
    severity: 'info',
    mode: 'live',
    from: isOver ? 'firing' : 'inactive',
    to: isOver ? 'resolved' : 'firing',
    cause: 'condition',
    atMs,
    incidentId: id,
    sinceMs,
    numbers: {
      measure,
      cmp: '>=',
      threshold: 1,
      windowMs: 600_000,
      value: isOver ? 0 : 1,
      count: isOver ? 0 : 1,
      total: 10,
      verdicts: { pass: isOver ? 10 : 9, fail: isOver ? 0 : 1, unknown: 0, error: 0 },
    },
    examples: [],
    why: null,
  }
}

export interface SampleOptions {
  readonly id: string
  readonly tenant: string
  readonly route: Route
  readonly event: AlertEvent
  readonly atMs: number
  readonly sinceMs: number
  /** What the first message's delivery gave back. */
  readonly ref: string | null
}

export function sampleMessage({ id, tenant, route, event, atMs, sinceMs, ref }: SampleOptions): AlertMessage {
  return {
    kind: 'alerts',
    id: `${id}/${event}`,
    tenant,
    route,
    atMs,
    event,
    items: [{ key: id, transition: sampleTransition(id, event, atMs, sinceMs), acknowledged: null }],
    groupKey: id,
    ref,
  }
}
