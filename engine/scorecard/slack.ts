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
/** Of names and lines before they are escaped: what is cut afterwards may be an entity or a link that is cut through. */
const NAME_CHARS = 200
const NOTE_CHARS = 500
/** Of `and 290 more`, below the lines of a list. */
const REST_CHARS = 40

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const clip = (text: string, limit: number): string => (text.length <= limit ? text : `${text.slice(0, limit - 1)}…`)
const mrkdwn = (text: string): TextObject => ({ type: 'mrkdwn', text })
const shortened = (text: string, limit = NAME_CHARS): string => escapeText(clip(text, limit))

/** As many lines as fit, and how many more there are. */
function listOf(heading: string, lines: readonly string[]): Block[] {
  if (lines.length === 0) return []
  const shown = [`*${heading}*`]
  let chars = shown[0]!.length
  for (const line of lines.slice(0, MOST_LINES)) {
    chars += `\n• ${line}`.length
    if (chars > SECTION_CHARS - REST_CHARS) break
    shown.push(`• ${line}`)
  }
  const left = lines.length - (shown.length - 1)
  return [{ type: 'section', text: mrkdwn([...shown, ...(left > 0 ? [`• and ${left} more`] : [])].join('\n')) }]
}

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
    const name = shortened(cellName(cell, scorecard).replaceAll('`', "'"))
    return { type: 'section', text: mrkdwn(`\`${name}\`  ${value}\n${escapeText(facts.join(' · '))}`) }
  })
  const more = cells.length - sections.length
  const worst = scorecard.worst.map((one) => {
    const text = shortened(worstText(one))
    return baseUrl === null || baseUrl === '' ? text : `<${worstUrl(one, baseUrl)}|${text.replaceAll('|', '/')}>`
  })
  const spend = spendText(scorecard)
  const notes = [periodText(scorecard), ...(scorecard.owner === null ? [] : [`owner ${scorecard.owner}`])]
  return {
    text: shortened(scorecardTitle(scorecard), NOTE_CHARS),
    blocks: [
      {
        type: 'header',
        text: { type: 'plain_text', text: clip(scorecard.title ?? scorecard.id, HEADER_CHARS), emoji: true },
      },
      { type: 'context', elements: [mrkdwn(shortened(notes.join(' · '), NOTE_CHARS))] },
      ...sections,
      ...(more > 0 ? [{ type: 'context' as const, elements: [mrkdwn(`and ${more} more values`)] }] : []),
      ...(spend === null ? [] : [{ type: 'section' as const, text: mrkdwn(escapeText(`${spend}.`)) }]),
      ...listOf(
        'Open alerts',
        scorecard.alerts.map((alert) => shortened(alertText(alert))),
      ),
      ...listOf('Worst traces', worst),
      { type: 'context', elements: [mrkdwn('≈ stands before a difference that may be chance.')] },
    ],
  }
}
