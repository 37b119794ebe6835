/** An alert's transition in words: what Slack messages, the console and others are made of. Evidence in it is masked. */
import { formatRule, formatValue } from '../engine/alerting/rule-text.ts'
import type { Notification, NotifiedTransition, SystemNotice } from './notification.ts'
import type { AlertMessage } from './receivers/receiver.ts'

type Example = NotifiedTransition['examples'][number]

export interface ExampleText {
  /** `llm_call of support` */
  what: string
  traceId: string
  spanId: string
  /** `output.text: a***@e***.com (pii.email)`, or why the verdict came out so. */
  details: string[]
}

export interface AlertText {
  /** `Firing: An answer leaks personal data` */
  headline: string
  /** What is measured, in one sentence. */
  numbers: string
  /** What else there is to know: silence, a changed definition. */
  note: string | null
  examples: ExampleText[]
}

const state: Readonly<Record<NotifiedTransition['to'], string>> = {
  firing: 'Firing',
  resolved: 'Resolved',
  pending: 'Pending',
  inactive: 'Inactive',
}

function formatNumbers({ numbers }: NotifiedTransition): string {
  const { measure, cmp, threshold, windowMs, value, count, total } = numbers
  const when = { kind: 'threshold' as const, measure, cmp, value: threshold, overNs: windowMs * 1e6 }
  const rule = `rule: ${formatRule(when)}`
  if (value === null) return `nothing to measure in the window; ${rule}`
  const shown = formatValue(value, measure.type)
  const results = total === 1 ? '1 result' : `${total} results`
  switch (measure.kind) {
    case 'count':
      return `${count} ${measure.verdict} of ${results}; ${rule}`
    case 'rate':
      return `${shown} ${measure.verdict} (${count} of ${results}); ${rule}`
    case 'coverage':
      return `${shown} decided (${count} of ${results}); ${rule}`
    case 'score':
      return `${measure.fn} of ${count === 1 ? '1 score' : `${count} scores`}: ${shown}; ${rule}`
  }
}

const notes: Readonly<Record<NotifiedTransition['cause'], string | null>> = {
  condition: null,
  no_data: 'No results arrived for longer than the alert allows.',
  definition_changed: 'The definition of the alert changed, so this incident is closed.',
  removed: 'The alert was removed from the definitions, so this incident is closed.',
}

function reasonText(reason: NonNullable<Example['reason']>): string {
  const detail = 'field' in reason ? reason.field : 'detail' in reason ? reason.detail : undefined
  return detail === undefined ? reason.code : `${reason.code}: ${detail}`
}

function describeExample(example: Example): ExampleText {
  const { subjectKind, agentName, traceId, spanId, evidence, reason, score } = example
  const details = evidence.map(({ field, pattern, masked }) => `${field}: ${masked} (${pattern})`)
  if (reason) details.push(reasonText(reason))
  if (score !== undefined) details.push(`score ${score}`)
  return { what: agentName === undefined ? subjectKind : `${subjectKind} of ${agentName}`, traceId, spanId, details }
}

export function describeAlert(transition: NotifiedTransition): AlertText {
  const { to, cause, title, alertId, examples } = transition
  const note = cause === 'no_data' && to === 'resolved' ? 'Results arrive again.' : notes[cause]
  return {
    headline: `${state[to]}: ${title ?? alertId}`,
    numbers: formatNumbers(transition),
    note,
    examples: examples.map(describeExample),
  }
}

const eventWords: Readonly<Record<AlertMessage['event'], string>> = {
  firing: 'Firing',
  reminder: 'Still firing',
  acknowledged: 'Acknowledged',
  resolved: 'Resolved',
}

/** Of a message as a whole: `Firing: An answer leaks personal data`, `Resolved: 3 alerts`. */
export function headlineOf({ event, items }: AlertMessage): string {
  const [first, ...more] = items
  const what = more.length === 0 ? (first!.transition.title ?? first!.transition.alertId) : `${items.length} alerts`
  return `${eventWords[event]}: ${what}`
}

/** Who took it on, and why they say so; of a message about one. */
export function acknowledgementText({ items }: AlertMessage): string | null {
  const taken = items[0]?.acknowledged ?? null
  if (taken === null || items.length > 1) return null
  return taken.reason === null ? `Acknowledged by ${taken.by}.` : `Acknowledged by ${taken.by}: ${taken.reason}`
}

/** Where a subject is looked at: by people and by programs. */
export const traceUrl = (apiUrl: string, traceId: string): string => `${apiUrl}/v1/traces/${traceId}`

/** For a terminal: several lines, the first of which says it all. */
export function alertToText(transition: NotifiedTransition, apiUrl: string | null): string {
  const { headline, numbers, note, examples } = describeAlert(transition)
  const { severity, alertId, evalId, owner } = transition
  const lines = [`ALERT ${headline}  [${severity}] ${alertId} on ${evalId}${owner ? `, owner ${owner}` : ''}`, numbers]
  if (note) lines.push(note)
  for (const example of examples) {
    const where = example.spanId ? ` span ${example.spanId}` : ''
    lines.push(`${example.what}  trace ${example.traceId}${where}`)
    lines.push(...example.details.map((detail) => `  ${detail}`))
    if (apiUrl) lines.push(`  ${apiUrl}/v1/traces/${example.traceId}`)
  }
  return lines.join('\n  ')
}

function noticeToText({ title, severity, lines }: SystemNotice): string {
  return [`NOTICE ${title}  [${severity}]`, ...lines].join('\n  ')
}

/** As `alertToText`, of whatever there is to be told. */
export function notificationToText(notification: Notification, apiUrl: string | null): string {
  return notification.kind === 'alert'
    ? alertToText(notification.transition, apiUrl)
    : noticeToText(notification.notice)
}
