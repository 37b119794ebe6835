/** A scorecard in Slack's Block Kit. Limits: https://docs.slack.dev/reference/block-kit/blocks */
import type { Scorecard } from './scorecard-json.ts'
import {
  alertText,
  beforeText,
  cellName,
  cellsOf,
  changeIntervalText,
  changeText,
  correctedText,
  coverageText,
  intervalText,
  periodText,
  scorecardTitle,
  spendText,
  valueText,
  worstText,
  worstUrl,
} from './words.ts'

type TextObject = { type: 'mrkdwn' | 'plain_text'; text: string; emoji?: boolean }
type Block =
  | { type: 'header'; text: TextObject }
  | { type: 'section'; text: TextObject }
  | { type: 'context'; elements: TextObject[] }
  | { type: 'divider' }

const HEADER_CHARS = 150
const SECTION_CHARS = 3000
/** Of 50 that a message may have. */
const MOST_CELLS = 30
const MOST_LINES = 10

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const clip = (text: string, limit: number): string => (text.length <= limit ? text : `${text.slice(0, limit - 1)}…`)
const mrkdwn = (text: string): TextObject => ({ type: 'mrkdwn', text: clip(text, SECTION_CHARS) })

export function slackScorecard(scorecard: Scorecard, baseUrl: string | null): { text: string; blocks: Block[] } {
  const cells = cellsOf(scorecard)
  const before = beforeText(scorecard)
  const sections = cells.slice(0, MOST_CELLS).map((cell): Block => {
    const [interval, change, changeInterval] = [intervalText(cell), changeText(cell), changeIntervalText(cell)]
    const facts = [
      ...(change === '' ? [] : [`${change} against ${before}${changeInterval === '' ? '' : ` (${changeInterval})`}`]),
      ...(coverageText(cell) === '' ? [] : [`coverage ${coverageText(cell)}`]),
      `of ${cell.n}`,
      ...(cell.corrected === null ? [] : [`corrected ${correctedText(cell)}`]),
    ]
    const value = `*${escapeText(valueText(cell))}*${interval === '' ? '' : ` (${escapeText(interval)})`}`
    const name = escapeText(cellName(cell, scorecard).replaceAll('`', "'"))
    return { type: 'section', text: mrkdwn(`\`${name}\`  ${value}\n${escapeText(facts.join(' · '))}`) }
  })
  const more = cells.length - sections.length
  const list = (heading: string, lines: readonly string[]): Block[] => {
    if (lines.length === 0) return []
    const left = lines.length - MOST_LINES
    const shown = [...lines.slice(0, MOST_LINES), ...(left > 0 ? [`and ${left} more`] : [])]
    return [{ type: 'section', text: mrkdwn([`*${heading}*`, ...shown.map((line) => `• ${line}`)].join('\n')) }]
  }
  const worst = scorecard.worst.map((one) => {
    const text = escapeText(worstText(one))
    return baseUrl === null || baseUrl === '' ? text : `<${worstUrl(one, baseUrl)}|${text.replaceAll('|', '/')}>`
  })
  const spend = spendText(scorecard)
  const notes = [periodText(scorecard), ...(scorecard.owner === null ? [] : [`owner ${scorecard.owner}`])]
  return {
    text: clip(escapeText(scorecardTitle(scorecard)), SECTION_CHARS),
    blocks: [
      {
        type: 'header',
        text: { type: 'plain_text', text: clip(scorecard.title ?? scorecard.id, HEADER_CHARS), emoji: true },
      },
      { type: 'context', elements: [mrkdwn(escapeText(notes.join(' · ')))] },
      ...sections,
      ...(more > 0 ? [{ type: 'context' as const, elements: [mrkdwn(`and ${more} more values`)] }] : []),
      ...(spend === null ? [] : [{ type: 'section' as const, text: mrkdwn(escapeText(`${spend}.`)) }]),
      ...list('Open alerts', scorecard.alerts.map(alertText).map(escapeText)),
      ...list('Worst traces', worst),
      { type: 'context', elements: [mrkdwn('≈ stands before a difference that may be chance.')] },
    ],
  }
}
