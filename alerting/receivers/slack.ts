/**
 * Slack's incoming webhooks with Block Kit. Limits: https://docs.slack.dev/reference/block-kit/blocks (50 blocks a message,
 * 150 characters a header, 3,000 a section, 10 fields of 2,000 each).
 */
import { scorecardOfJson } from '../../engine/scorecard/scorecard-json.ts'
import { slackScorecard } from '../../engine/scorecard/slack.ts'
import { acknowledgementText, describeAlert, type ExampleText, foundLines, headlineOf, traceUrl } from '../message.ts'
import type { SystemNotice } from '../notification.ts'
import type { Send } from '../outbound/send.ts'
import { postJson } from './post-json.ts'
import type { AlertItem, AlertMessage, Message, Receiver } from './receiver.ts'

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

function exampleBlock(example: ExampleText, apiUrl: string | null): SlackBlock {
  const { what, traceId, spanId, details } = example
  const trace = apiUrl ? `<${traceUrl(apiUrl, example)}|${traceId}>` : code(traceId)
  const where = spanId ? ` span ${code(spanId)}` : ''
  const lines = [`*${escapeText(what)}*  trace ${trace}${where}`, ...details.map((detail) => `• ${code(detail)}`)]
  return { type: 'section', text: mrkdwn(lines.join('\n')) }
}

const icons = { page: ':rotating_light:', ticket: ':warning:', info: ':information_source:' } as const

/** `apiUrl` is the base of links; without it ids are shown as they are. */
export function slackMessage(message: Message, apiUrl: string | null): SlackMessage {
  if (message.kind === 'alerts') return alertMessage(message, apiUrl)
  const { scorecard } = message.notice
  return scorecard === undefined ? noticeMessage(message.notice) : slackScorecard(scorecardOfJson(scorecard), apiUrl)
}

function noticeMessage({ title, severity, lines, atMs }: SystemNotice): SlackMessage {
  return {
    text: clip(escapeText(`${title} (${lines.join('; ')})`), SECTION_CHARS),
    blocks: [
      headerBlock(`${icons[severity]} ${title}`),
      { type: 'section', text: mrkdwn(escapeText(lines.join('\n') || title)), fields: [field('Severity', severity)] },
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

/** Of many alerts each is a section; more than these are counted. */
const SHOWN_OF_MANY = 20

function alertMessage(message: AlertMessage, apiUrl: string | null): SlackMessage {
  const { items, event } = message
  const headline = headlineOf(message)
  const icon =
    event === 'resolved'
      ? ':white_check_mark:'
      : event === 'acknowledged'
        ? ':eyes:'
        : event === 'investigated'
          ? ':mag:'
          : iconOf(items)
  const [first, ...more] = items
  const { numbers } = describeAlert(first!.transition)
  const body =
    more.length > 0
      ? manyAlerts(items)
      : event === 'investigated'
        ? foundAlone(first!)
        : oneAlert(message, first!, apiUrl)
  const text = more.length === 0 ? `${headline} (${numbers})` : headline
  return {
    text: clip(escapeText(text), SECTION_CHARS),
    blocks: [headerBlock(`${icon} ${headline}`), ...body, footerBlock(message.atMs)],
  }
}

/** Of the worst among them. */
function iconOf(items: readonly AlertItem[]): string {
  const worst = (['page', 'ticket', 'info'] as const).find((one) =>
    items.some((item) => item.transition.severity === one),
  )
  return icons[worst ?? 'info']
}

function oneAlert(message: AlertMessage, item: AlertItem, apiUrl: string | null): SlackBlock[] {
  const { transition } = item
  const found = foundLines(item)
  const { numbers, note, why, examples } = describeAlert(transition)
  const { severity, alertId, evalId, owner } = transition
  const fields = [field('Alert', code(alertId)), field('Eval', code(evalId)), field('Severity', severity)]
  if (owner) fields.push(field('Owner', escapeText(owner)))
  const lines = [numbers, note, acknowledgementText(message)].filter((line) => line !== null)
  return [
    { type: 'section', text: mrkdwn(escapeText(lines.join('\n'))), fields },
    ...(why.length === 0 ? [] : [{ type: 'section' as const, text: mrkdwn(escapeText(why.join('\n'))) }]),
    ...(found.length === 0 ? [] : [{ type: 'section' as const, text: mrkdwn(escapeText(found.join('\n'))) }]),
    ...examples.map((example) => exampleBlock(example, apiUrl)),
  ]
}

/** What was found out, for those who have read the rest. */
function foundAlone(item: AlertItem): SlackBlock[] {
  const { alertId, severity } = item.transition
  const fields = [field('Alert', code(alertId)), field('Severity', severity)]
  return [{ type: 'section', text: mrkdwn(escapeText(foundLines(item).join('\n'))), fields }]
}

function manyAlerts(items: readonly AlertItem[]): SlackBlock[] {
  const blocks = items.slice(0, SHOWN_OF_MANY).map(({ transition }): SlackBlock => {
    const { headline, numbers } = describeAlert(transition)
    return {
      type: 'section',
      text: mrkdwn(`*${escapeText(headline)}*  ${code(transition.alertId)}\n${escapeText(numbers)}`),
    }
  })
  const left = items.length - SHOWN_OF_MANY
  if (left > 0) blocks.push({ type: 'context', elements: [mrkdwn(`and ${left} more`)] })
  return blocks
}

export function slackReceiver(options: {
  webhookUrl: string
  apiUrl: () => string | null
  send: Send
  nowMs: () => number
}): Receiver {
  const { webhookUrl, apiUrl, send, nowMs } = options
  return {
    takesInvestigations: true,
    deliver: (message) => postJson({ send, url: webhookUrl, body: slackMessage(message, apiUrl()), nowMs }),
  }
}
