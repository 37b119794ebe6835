/**
 * Microsoft Teams by a Workflows webhook ("When a Teams webhook request is received"): an Adaptive Card.
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using#send-adaptive-cards-using-an-incoming-webhook
 */
import { type Scorecard, scorecardOfJson } from '../../engine/scorecard/scorecard-json.ts'
import {
  alertText,
  cellName,
  cellsOf,
  changeText,
  intervalText,
  periodText,
  spendText,
  valueText,
  worstText,
  worstUrl,
} from '../../engine/scorecard/words.ts'
import { acknowledgementText, describeAlert, foundLines, headlineOf, traceUrl } from '../message.ts'
import type { Send } from '../outbound/send.ts'
import { postJson } from './post-json.ts'
import type { AlertMessage, Message, NoticeMessage, Receiver } from './receiver.ts'

export interface TeamsOptions {
  readonly url: string
  readonly apiUrl: () => string | null
  readonly send: Send
  readonly nowMs: () => number
}

/** Teams takes messages of 28 KB; the rest of the card needs some. */
const MAX_BODY_CHARS = 20_000
const SHOWN_OF_MANY = 20

export type CardElement =
  | {
      type: 'TextBlock'
      text: string
      weight?: 'Bolder'
      size?: 'Large' | 'Small'
      wrap: true
      color?: string
      isSubtle?: true
    }
  | { type: 'FactSet'; facts: { title: string; value: string }[] }

/** Teams reads Markdown in cards: a trace's text may neither link nor format. */
export const escapeCardText = (text: string): string => text.replaceAll(/[\\`*_[\]()<>#~|]/g, '\\$&')

export const cardText = (text: string): CardElement => ({ type: 'TextBlock', text: escapeCardText(text), wrap: true })
export const cardHeading = (text: string, color = 'Default'): CardElement => ({
  type: 'TextBlock',
  text: escapeCardText(text),
  weight: 'Bolder',
  size: 'Large',
  wrap: true,
  color,
})

export function teamsReceiver({ url, apiUrl, send, nowMs }: TeamsOptions): Receiver {
  return {
    takesInvestigations: true,
    deliver: (message) => postJson({ send, url, body: teamsBody(message, apiUrl()), nowMs }),
  }
}

export function teamsBody(message: Message, apiUrl: string | null): object {
  const { body, actions } = cardOf(message, apiUrl)
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body: bounded(body),
          ...(actions.length > 0 && { actions }),
        },
      },
    ],
  }
}

interface Card {
  body: CardElement[]
  actions: object[]
}

function cardOf(message: Message, apiUrl: string | null): Card {
  return message.kind === 'alerts' ? alertCard(message, apiUrl) : noticeCard(message, apiUrl)
}

function noticeCard({ notice }: NoticeMessage, apiUrl: string | null): Card {
  if (notice.scorecard !== undefined) return scorecardCard(scorecardOfJson(notice.scorecard), apiUrl, notice.atMs)
  return { body: [cardHeading(notice.title), ...notice.lines.map(cardText), footer(notice.atMs)], actions: [] }
}

/** A card takes six actions. */
const MOST_LINKS = 6

function scorecardCard(scorecard: Scorecard, apiUrl: string | null, atMs: number): Card {
  const facts = cellsOf(scorecard).map((cell) => {
    const value = `${valueText(cell)}${intervalText(cell) === '' ? '' : ` (${intervalText(cell)})`}`
    const change = changeText(cell)
    const parts = [value, ...(change === '' ? [] : [`${change} against before`]), `of ${cell.n}`]
    return { title: escapeCardText(cellName(cell, scorecard)), value: escapeCardText(parts.join(', ')) }
  })
  const spend = spendText(scorecard)
  const lines = [
    ...(spend === null ? [] : [spend]),
    ...scorecard.alerts.map((alert) => `Open alert: ${alertText(alert)}`),
    ...scorecard.worst.map((one) => `Failed: ${worstText(one)}`),
  ]
  return {
    body: [
      cardHeading(scorecard.title ?? scorecard.id),
      { ...cardText(periodText(scorecard)), isSubtle: true } as CardElement,
      ...(facts.length === 0 ? [] : [{ type: 'FactSet' as const, facts }]),
      ...lines.map(cardText),
      footer(atMs),
    ],
    actions:
      apiUrl === null
        ? []
        : scorecard.worst.slice(0, MOST_LINKS).map((one) => ({
            type: 'Action.OpenUrl',
            title: `Trace ${one.traceId.slice(0, 8)}`,
            url: worstUrl(one, apiUrl),
          })),
  }
}

const footer = (atMs: number): CardElement => ({
  type: 'TextBlock',
  text: `Assay · ${new Date(atMs).toISOString()}`,
  size: 'Small',
  isSubtle: true,
  wrap: true,
})

const colors = { page: 'Attention', ticket: 'Warning', info: 'Accent' } as const

function alertCard(message: AlertMessage, apiUrl: string | null): Card {
  const { items, event } = message
  const [first, ...more] = items
  const color = event === 'resolved' ? 'Good' : colors[first!.transition.severity]
  const body: CardElement[] = [cardHeading(headlineOf(message), color)]
  if (more.length > 0) {
    for (const { transition } of items.slice(0, SHOWN_OF_MANY)) {
      const { headline, numbers } = describeAlert(transition)
      body.push(
        { ...cardText(headline), weight: 'Bolder' } as CardElement,
        cardText(`${transition.alertId}: ${numbers}`),
      )
    }
    if (items.length > SHOWN_OF_MANY) body.push(cardText(`and ${items.length - SHOWN_OF_MANY} more`))
    return { body: [...body, footer(message.atMs)], actions: [] }
  }
  const { transition } = first!
  const { numbers, note, why, examples } = describeAlert(transition)
  const { alertId, evalId, severity, owner } = transition
  for (const line of [numbers, note, acknowledgementText(message), ...why, ...foundLines(first!)])
    if (line !== null) body.push(cardText(line))
  const facts = [
    ['Alert', alertId],
    ['Eval', evalId],
    ['Severity', severity],
    ...(owner === null ? [] : [['Owner', owner]]),
  ].map(([title = '', value = '']) => ({ title, value: escapeCardText(value) }))
  body.push({ type: 'FactSet', facts })
  for (const { what, traceId, spanId, details } of examples) {
    body.push(cardText(`${what}  trace ${traceId}${spanId === '' ? '' : ` span ${spanId}`}`))
    for (const detail of details) body.push(cardText(`• ${detail}`))
  }
  const links = apiUrl === null ? [] : examples
  return {
    body: [...body, footer(message.atMs)],
    actions: links.map((example) => ({
      type: 'Action.OpenUrl',
      title: `Trace ${example.traceId.slice(0, 8)}`,
      url: traceUrl(apiUrl!, example),
    })),
  }
}

/** The first elements that fit. */
function bounded(body: readonly CardElement[]): CardElement[] {
  let chars = 0
  const fitting = body.filter((element) => {
    chars += JSON.stringify(element).length
    return chars <= MAX_BODY_CHARS
  })
  return fitting.length === body.length ? fitting : [...fitting, cardText('… and more, too long for Teams')]
}
