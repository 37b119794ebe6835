/** An alert as Prometheus' Alertmanager knows alerts: labels that identify it, annotations for people. */
import { acknowledgementText, describeAlert, foundLines, traceUrl } from '../message.ts'
import type { AlertItem, AlertMessage } from './receiver.ts'

export interface LabelledAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** RFC 3339. */
  readonly startsAt: string
  readonly endsAt: string | null
  readonly generatorURL: string
}

/** The same for all messages of one incident's alert, so that it resolves what it fired. */
export function labelsOf({ transition }: AlertItem, tenant: string): Record<string, string> {
  const { alertId, evalId, severity, owner, group } = transition
  // Prometheus' labels have no dots.
  const labels = Object.entries(group).map(([label, value]) => [label.replaceAll(/\W/g, '_'), value])
  return {
    ...Object.fromEntries(labels),
    alertname: alertId,
    eval: evalId,
    severity,
    tenant,
    ...(owner !== null && { owner }),
  }
}

export function labelledAlert(item: AlertItem, message: AlertMessage, apiUrl: string | null): LabelledAlert {
  const { transition } = item
  const { headline, numbers, note, why, examples } = describeAlert(transition)
  const acknowledged = acknowledgementText({ ...message, items: [item] })
  const found = foundLines(item)
  const isResolved = transition.to === 'resolved'
  const shown = examples.map(({ what, traceId, spanId, details }) =>
    [`${what} trace ${traceId}${spanId === '' ? '' : ` span ${spanId}`}`, ...details].join('; '),
  )
  return {
    labels: labelsOf(item, message.tenant),
    annotations: {
      summary: headline,
      description: numbers,
      ...(note !== null && { note }),
      ...(why.length > 0 && { why: why.join('\n') }),
      ...(found.length > 0 && { investigation: found.join('\n') }),
      ...(acknowledged !== null && { acknowledged }),
      ...(shown.length > 0 && { examples: shown.join('\n') }),
    },
    startsAt: new Date(transition.sinceMs).toISOString(),
    endsAt: isResolved ? new Date(transition.atMs).toISOString() : null,
    generatorURL: generatorUrl(item, apiUrl),
  }
}

const generatorUrl = ({ transition: { examples } }: AlertItem, apiUrl: string | null): string => {
  if (apiUrl === null) return ''
  const [example] = examples
  return example === undefined ? `${apiUrl}/evals` : traceUrl(apiUrl, example)
}
