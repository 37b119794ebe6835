/**
 * Slack's incoming webhooks with Block Kit. Limits: https://docs.slack.dev/reference/block-kit/blocks (50 blocks a message,
 * 150 characters a header, 3,000 a section, 10 fields of 2,000 each).
 */
import { type AlertText, describeAlert, type ExampleText } from '../message.ts'
import type { Notification, NotifiedTransition, SystemNotice } from '../notification.ts'
import { type Fetch, postJson } from './post-json.ts'
import type { Receiver } from './receiver.ts'

type TextObject = { type: 'mrkdwn' | 'plain_text'; text: string; emoji?: boolean }

export type SlackBlock =
  | { type: 'header'; text: TextObject }
  | { type: 'section'; text?: TextObject; fields?: TextObject[] }
  | { type: 'context'; elements: TextObject[] }
  | { type: 'divider' }

export interface SlackMessage {
  /** What notifications on phones show. */
  text: string
  blocks: SlackBlock[]
}

const HEADER_CHARS = 150
const SECTION_CHARS = 3000
const FIELD_CHARS = 2000

/** The three characters that Slack's text treats as control: a trace's text can then neither mention nor link. */
const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Cuts whole characters; an escape cut in half would show as text. */
function clip(text: string, limit: number): string {
  if (text.length <= limit) return text
  return `${text.slice(0, limit - 1).replace(/&[a-z]*$|[\ud800-\udbff]$/, '')}…`
}

const code = (text: string): string => `\`${escapeText(text.replaceAll('`', "'").replaceAll('\n', ' '))}\``

const mrkdwn = (text: string, limit = SECTION_CHARS): TextObject => ({ type: 'mrkdwn', text: clip(text, limit) })
const field = (name: string, text: string): TextObject => mrkdwn(`*${name}*\n${text}`, FIELD_CHARS)

function exampleBlock({ what, traceId, spanId, details }: ExampleText, apiUrl: string | null): SlackBlock {
  const trace = apiUrl ? `<${apiUrl}/v1/traces/${traceId}|${traceId}>` : code(traceId)
  const where = spanId ? ` span ${code(spanId)}` : ''
  const lines = [`*${escapeText(what)}*  trace ${trace}${where}`, ...details.map((detail) => `• ${code(detail)}`)]
  return { type: 'section', text: mrkdwn(lines.join('\n')) }
}

const icons = { page: ':rotating_light:', ticket: ':warning:', info: ':information_source:' } as const

/** `apiUrl` is the base of links; without it ids are shown as they are. */
export function slackMessage(notification: Notification, apiUrl: string | null): SlackMessage {
  return notification.kind === 'alert'
    ? alertMessage(notification.transition, apiUrl)
    : noticeMessage(notification.notice)
}

function noticeMessage({ title, severity, lines, atMs }: SystemNotice): SlackMessage {
  return {
    text: clip(escapeText(`${title} (${lines.join('; ')})`), SECTION_CHARS),
    blocks: [
      headerBlock(`${icons[severity]} ${title}`),
      { type: 'section', text: mrkdwn(escapeText(lines.join('\n'))), fields: [field('Severity', severity)] },
      footerBlock(atMs),
    ],
  }
}

const headerBlock = (text: string): SlackBlock => ({
  type: 'header',
  text: { type: 'plain_text', text: clip(text, HEADER_CHARS), emoji: true },
})

const footerBlock = (atMs: number): SlackBlock => ({
  type: 'context',
  elements: [mrkdwn(`Assay · ${new Date(atMs).toISOString()}`)],
})

function alertMessage(transition: NotifiedTransition, apiUrl: string | null): SlackMessage {
  const { headline, numbers, note, examples }: AlertText = describeAlert(transition)
  const { severity, alertId, evalId, owner, atMs, to } = transition
  const icon = to === 'resolved' ? ':white_check_mark:' : icons[severity]
  const fields = [field('Alert', code(alertId)), field('Eval', code(evalId)), field('Severity', severity)]
  if (owner) fields.push(field('Owner', escapeText(owner)))
  const blocks: SlackBlock[] = [
    headerBlock(`${icon} ${headline}`),
    { type: 'section', text: mrkdwn(escapeText(note ? `${numbers}\n${note}` : numbers)), fields },
    ...examples.map((example) => exampleBlock(example, apiUrl)),
    footerBlock(atMs),
  ]
  return { text: clip(escapeText(`${headline} (${numbers})`), SECTION_CHARS), blocks }
}

export function slackReceiver(options: {
  webhookUrl: string
  apiUrl: () => string | null
  fetch: Fetch
  nowMs: () => number
}): Receiver {
  const { webhookUrl, apiUrl, fetch, nowMs } = options
  return {
    deliver: (notification) => postJson({ fetch, url: webhookUrl, body: slackMessage(notification, apiUrl()), nowMs }),
  }
}
