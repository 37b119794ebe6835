/** An alert's transition in words: what Slack messages, the console and others are made of. Evidence in it is masked. */
import { tracePath } from '../engine/alerting/example-json.ts'
import { investigationLines } from '../engine/alerting/investigation/investigation-text.ts'
import { formatRule, formatValue } from '../engine/alerting/rule-text.ts'
import { whyLines } from '../engine/alerting/why-text.ts'
import { scoreInPlanUnit, typeOfResultUnit } from '../engine/evaluate/score.ts'
import { groupLabels } from '../engine/group-text.ts'
import type { NotifiedTransition, SystemNotice } from './notification.ts'
import type { AlertItem, AlertMessage, Message } from './receivers/receiver.ts'

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
  /** Why it fires, the most telling first: baseline, interval, parts that moved, judge, deploy. */
  why: string[]
  examples: ExampleText[]
}

const state: Readonly<Record<NotifiedTransition['to'], string>> = {
  firing: 'Firing',
  resolved: 'Resolved',
  pending: 'Pending',
  inactive: 'Inactive',
}

/** Records of before carry no rule of their own. */
function ruleOf({ rule, numbers: { measure, cmp, threshold, windowMs } }: NotifiedTransition): string {
  if (rule !== '') return rule
  return formatRule({ kind: 'threshold', measure, cmp, value: threshold, overNs: windowMs * 1e6 })
}

function formatNumbers(transition: NotifiedTransition): string {
  const { measure, value, count, total } = transition.numbers
  const rule = `rule: ${ruleOf(transition)}`
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
    case 'subjects':
      return `${count} of ${total === 1 ? '1 subject' : `${total} subjects`}; ${rule}`
    case 'share':
      return `${shown} (${count} of ${total === 1 ? '1 subject' : `${total} subjects`}); ${rule}`
    case 'score':
      return `${measure.fn} of ${count === 1 ? '1 score' : `${count} scores`}: ${shown}; ${rule}`
    case 'value':
      return `${measure.fn} of ${count === 1 ? '1 subject' : `${count} subjects`}: ${shown}; ${rule}`
  }
}

const notes: Readonly<Record<NotifiedTransition['cause'], string | null>> = {
  condition: null,
  no_data: 'No results arrived for longer than the alert allows.',
  definition_changed: 'The definition of the alert changed, so this incident is closed.',
  removed: 'The alert was removed from the definitions, so this incident is closed.',
  rebaselined: 'This level was accepted as the new one, so this incident is closed.',
  group_gone: 'Nothing came of this group for a long time, so this incident is closed.',
}

function noteOf({ cause, accepted }: NotifiedTransition): string | null {
  if (accepted === undefined) return notes[cause]
  return `${accepted.by} accepted this level as the new one${accepted.reason === null ? '' : `: ${accepted.reason}`}`
}

function reasonText(reason: NonNullable<Example['reason']>): string {
  const detail = 'field' in reason ? reason.field : 'detail' in reason ? reason.detail : undefined
  return detail === undefined ? reason.code : `${reason.code}: ${detail}`
}

function scoreText(score: number, unit: string | undefined): string {
  const type = typeOfResultUnit(unit)
  return formatValue(scoreInPlanUnit(score, type) ?? score, type)
}

function describeExample(example: Example): ExampleText {
  const { subjectKind, agentName, traceId, spanId, evidence, reason, score, scoreUnit } = example
  const details = evidence.map(({ field, pattern, masked }) => `${field}: ${masked} (${pattern})`)
  if (reason) details.push(reasonText(reason))
  if (score !== undefined) details.push(`score ${scoreText(score, scoreUnit)}`)
  return { what: agentName === undefined ? subjectKind : `${subjectKind} of ${agentName}`, traceId, spanId, details }
}

/** `An answer leaks personal data (agent.version 2.1)`. */
export function nameOf({ title, alertId, group }: NotifiedTransition): string {
  const labels = groupLabels(group)
  return labels.length === 0 ? (title ?? alertId) : `${title ?? alertId} (${labels.join(', ')})`
}

/** Of a threshold the numbers have said it all but what moved. */
function whyOf({ why, numbers }: NotifiedTransition): string[] {
  if (why === null) return []
  const isRule = (line: string): boolean => line.startsWith('rule: ') && why.detection.kind === 'threshold'
  return whyLines(why, numbers.measure.type).filter((line) => !isRule(line))
}

export function describeAlert(transition: NotifiedTransition): AlertText {
  const { to, cause, examples } = transition
  const note = cause === 'no_data' && to === 'resolved' ? 'Results arrive again.' : noteOf(transition)
  return {
    headline: `${state[to]}: ${nameOf(transition)}`,
    numbers: formatNumbers(transition),
    note,
    why: whyOf(transition),
    examples: examples.map(describeExample),
  }
}

const eventWords: Readonly<Record<AlertMessage['event'], string>> = {
  firing: 'Firing',
  reminder: 'Still firing',
  acknowledged: 'Acknowledged',
  investigated: 'Investigated',
  resolved: 'Resolved',
}

/** Of a message as a whole: `Firing: An answer leaks personal data`, `Resolved: 3 alerts`. */
export function headlineOf({ event, items }: AlertMessage): string {
  const [first, ...more] = items
  const what = more.length === 0 ? nameOf(first!.transition) : `${items.length} alerts`
  return `${eventWords[event]}: ${what}`
}

/** What failing traces have more often, the most telling first; nothing while nobody has looked. */
export const foundLines = ({ investigation }: Pick<AlertItem, 'investigation'>): string[] =>
  investigation == null ? [] : investigationLines(investigation)

/** Who took it on, until when, and why they say so; of a message about one. */
export function acknowledgementText({ items }: AlertMessage): string | null {
  const taken = items[0]?.acknowledged ?? null
  if (taken === null || items.length > 1) return null
  const { by, reason, untilMs } = taken
  const until = untilMs === null ? '' : ` until ${new Date(untilMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  return `Acknowledged by ${by}${until}${reason === null ? '.' : `: ${reason}`}`
}

/** The page of a subject: of its span where it is one. */
export const traceUrl = (apiUrl: string, example: Pick<ExampleText, 'traceId' | 'spanId'>): string =>
  `${apiUrl}${tracePath(example)}`

/** For a terminal: several lines, the first of which says it all. */
export function alertToText(transition: NotifiedTransition, apiUrl: string | null): string {
  const { headline, numbers, note, why, examples } = describeAlert(transition)
  const { severity, alertId, evalId, owner } = transition
  const lines = [`ALERT ${headline}  [${severity}] ${alertId} on ${evalId}${owner ? `, owner ${owner}` : ''}`, numbers]
  if (note) lines.push(note)
  lines.push(...why)
  for (const example of examples) {
    const where = example.spanId ? ` span ${example.spanId}` : ''
    lines.push(`${example.what}  trace ${example.traceId}${where}`)
    lines.push(...example.details.map((detail) => `  ${detail}`))
    if (apiUrl) lines.push(`  ${traceUrl(apiUrl, example)}`)
  }
  return lines.join('\n  ')
}

function noticeToText({ title, severity, lines }: SystemNotice): string {
  return [`NOTICE ${title}  [${severity}]`, ...lines].join('\n  ')
}

/** For a terminal: whatever there is to be told. */
export function messageToText(message: Message, apiUrl: string | null): string {
  if (message.kind === 'notice') return noticeToText(message.notice)
  if (message.event === 'investigated')
    return message.items.map((item) => [`ALERT ${headlineOf(message)}`, ...foundLines(item)].join('\n  ')).join('\n')
  return message.items.map(({ transition }) => alertToText(transition, apiUrl)).join('\n')
}
