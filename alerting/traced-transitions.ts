/** A span for each alert that changes its state, at the time when that is written down. */
import type { AlertTransition } from '../engine/alerting/transition.ts'
import { beginSpan, isTracing, traced } from '../storage/tracing/tracer.ts'

export interface TenantTransitions {
  readonly tenant: string
  readonly transitions: readonly AlertTransition[]
}

export async function tracedTransitions(
  outputs: readonly TenantTransitions[],
  write: () => Promise<unknown>,
): Promise<void> {
  const count = outputs.reduce((sum, { transitions }) => sum + transitions.length, 0)
  if (!isTracing() || count === 0) {
    await write()
    return
  }
  await traced(
    'alert transitions',
    () => ({ attributes: { 'assay.alert.transitions': count } }),
    async () => {
      const spans = outputs.flatMap(({ tenant, transitions }) =>
        transitions.map(({ alertId, evalId, from, to, severity, incidentId }) =>
          beginSpan(`alert ${to}`, () => ({
            attributes: {
              'assay.tenant': tenant,
              'assay.alert.id': alertId,
              'assay.eval.id': evalId,
              'assay.alert.from': from,
              'assay.alert.to': to,
              'assay.alert.severity': severity,
              'assay.incident.id': incidentId,
            },
          })),
        ),
      )
      await write()
      for (const span of spans) span.end()
    },
  )
}
