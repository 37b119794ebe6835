/** A receiver of `notify:` outside of the language: `slack:#ops`, or as a rule writes it, `slack("#ops")`. */
import type { Route } from '../../alerting/notification.ts'
import { RECEIVER_NAMES, RECEIVERS } from '../../dsl/receivers.ts'

export const ROUTE_TAKES = '`slack:#channel`, `pagerduty:service`, `email:address`, …'

export type ParsedRoute = { ok: true; route: Route } | { ok: false; message: string }

/** The message goes on after what is wrong: `must look like …`. */
export function parseRoute(text: string): ParsedRoute {
  const [, name = '', called, plain] = /^([a-z]+)(?:\("(.*)"\)|:(.*))$/s.exec(text.trim()) ?? []
  const receiver = RECEIVER_NAMES.find((known) => known === name)
  const target = called ?? plain ?? ''
  if (receiver === undefined || target === '')
    return {
      ok: false,
      message: `must look like slack:#ops, pagerduty:ops or email:ops@example.com; there are ${RECEIVER_NAMES.join(', ')}`,
    }
  const problem = RECEIVERS[receiver].problem(target)
  if (problem !== null) return { ok: false, message: `cannot reach "${target}": ${problem}` }
  return { ok: true, route: { receiver, target } }
}
