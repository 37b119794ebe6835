import { traced } from '../../storage/tracing/tracer.ts'
import { routeName } from '../notification.ts'
import type { Delivery, Message } from '../receivers/receiver.ts'

/** A span for each message that is sent, and each time that it is tried. */
export const tracedDelivery = (message: Message, deliver: () => Promise<Delivery>): Promise<Delivery> =>
  traced(
    `notify ${message.route.receiver}`,
    () => ({
      kind: 'client',
      attributes: {
        'assay.tenant': message.tenant,
        'assay.route': routeName(message.route),
        'assay.message.id': message.id,
        ...(message.kind === 'alerts' && {
          'assay.message.event': message.event,
          'assay.alert.id': message.items[0]?.transition.alertId,
          'assay.incident.id': message.items[0]?.transition.incidentId,
          'assay.alerts': message.items.length,
        }),
      },
    }),
    async (span) => {
      const outcome = await deliver()
      span.set({ 'assay.outcome': outcome.kind })
      if (outcome.kind !== 'delivered') span.fail(outcome.reason)
      return outcome
    },
  )
