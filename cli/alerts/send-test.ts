/** `assay alerts send-test`: a firing and its end, sent from here with the settings that are here. */
import { routeName } from '../../alerting/notification.ts'
import { createReceivers } from '../../alerting/receivers/config.ts'
import { sampleMessage } from '../../alerting/receivers/sample.ts'
import { lineOf } from '../config/problem.ts'
import { configPathOf, resolveSettings } from '../config/resolve-settings.ts'
import { parseRoute } from '../config/route.ts'
import { receiversOf } from '../config/sections/alerts.ts'
import { exitCodes } from '../exit-codes.ts'

export interface SendTestFlags {
  readonly config?: string
  readonly json?: boolean
}

export async function sendTest(text: string, flags: SendTestFlags): Promise<number> {
  const parsed = parseRoute(text)
  if (!parsed.ok) return usage(`ROUTE ${JSON.stringify(text)}: ${parsed.message}`)
  const { route } = parsed
  const path = configPathOf(flags.config, process.env)
  const uses = (key: string): boolean => key === 'alerts' || key === 'publicUrl'
  const resolved = resolveSettings({ flags: {}, env: process.env, path }, { uses })
  if (!resolved.ok) return usage(resolved.problems.map(lineOf).join('\n'))
  const { alerts, publicUrl } = resolved.config
  const receivers = createReceivers(receiversOf(alerts), { apiUrl: () => publicUrl, nowMs: Date.now })
  const receiver = receivers.find(route)
  const name = routeName(route)
  if (receiver === null) return usage(`${name} is not configured: ${receivers.hint(route)}`)
  const sinceMs = Date.now()
  let ref: string | null = null
  const sent: string[] = []
  for (const event of ['firing', 'resolved'] as const) {
    const id = `assay/send-test/${sinceMs}`
    const message = sampleMessage({ id, tenant: 'default', route, event, atMs: Date.now(), sinceMs, ref })
    const delivery = await receiver.deliver(message)
    if (delivery.kind !== 'delivered') {
      const { reason } = delivery
      if (flags.json) process.stdout.write(`${JSON.stringify({ route: name, sent, outcome: delivery.kind, reason })}\n`)
      else process.stderr.write(`${name} did not take the ${event} message: ${reason}\n`)
      return exitCodes.findings
    }
    sent.push(event)
    ref = delivery.ref ?? null
  }
  if (flags.json) process.stdout.write(`${JSON.stringify({ route: name, sent, outcome: 'delivered' })}\n`)
  else process.stdout.write(`${name} took both messages: a firing, and its end.\n`)
  return exitCodes.ok
}

function usage(message: string): number {
  process.stderr.write(`assay alerts send-test: ${message}\n`)
  return exitCodes.usage
}
