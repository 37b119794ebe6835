/** A scorecard as a picture: each value with its interval, its change and how it went. */
import { fitText, INK, type Point, px, svgLine, svgPicture, svgSeries, svgText } from '../images/svg.ts'
import type { Cell, Scorecard } from './scorecard-json.ts'
import {
  alertText,
  beforeText,
  cellName,
  cellsOf,
  changeText,
  correctedText,
  coverageText,
  groupText,
  intervalText,
  periodText,
  spendText,
  valueText,
} from './words.ts'

const WIDTH = 800
const MARGIN = 24
const TOP = 96
const ROW = 44
/** Of a long card the first are drawn, and the rest is counted. */
const MOST_ROWS = 20
const MOST_ALERTS = 5
const TREND = { x: 560, width: 130, height: 28 } as const

export function scorecardSvg(scorecard: Scorecard): string {
  const cells = cellsOf(scorecard)
  const shown = cells.slice(0, MOST_ROWS)
  const footer = footerOf(scorecard, cells.length - shown.length)
  const bottom = TOP + 16 + shown.length * ROW
  const height = bottom + 16 + footer.length * 20 + 16
  return svgPicture(WIDTH, height, [
    svgText(MARGIN, 38, fitText(scorecard.title ?? scorecard.id, WIDTH - 2 * MARGIN, 20), { size: 20, isBold: true }),
    svgText(MARGIN, 60, periodText(scorecard), { size: 13, fill: INK.quiet }),
    heading(scorecard),
    ...shown.flatMap((cell, i) => rowOf(cell, scorecard, TOP + 16 + i * ROW)),
    ...footer.map(({ text, fill }, i) =>
      svgText(MARGIN, bottom + 24 + i * 20, fitText(text, WIDTH - 2 * MARGIN, 12), { size: 12, fill }),
    ),
  ])
}

function heading(scorecard: Scorecard): string {
  const before = beforeText(scorecard)
  const style = { size: 11, fill: INK.quiet } as const
  return [
    svgText(320, TOP, 'now, 95% interval', style),
    svgText(450, TOP, before === null ? '' : `vs ${before.replace(/^the /, '')}`, style),
    svgText(TREND.x, TOP, 'trend', style),
    svgText(WIDTH - MARGIN, TOP, 'coverage, of', { ...style, anchor: 'end' }),
    svgLine(MARGIN, TOP + 8, WIDTH - MARGIN, TOP + 8, INK.line),
  ].join('')
}

function rowOf(cell: Cell, scorecard: Scorecard, y: number): string[] {
  const { change } = cell
  const quiet = { size: 11, fill: INK.quiet } as const
  const corrected = correctedText(cell)
  const beneath = [groupText(cell.group), corrected === '' ? '' : `corrected ${corrected}`].filter(
    (text) => text !== '',
  )
  const [coverage, interval] = [coverageText(cell), intervalText(cell)]
  return [
    svgText(
      MARGIN,
      y + (beneath.length === 0 ? 26 : 20),
      fitText(cellName({ ...cell, group: {} }, scorecard), 290, 13),
      {
        size: 13,
      },
    ),
    beneath.length === 0 ? '' : svgText(MARGIN, y + 35, fitText(beneath.join(', '), 290, 11), quiet),
    svgText(
      320,
      y + (interval === '' ? 26 : 20),
      fitText(valueText(cell), 125, cell.value === null ? 11 : 14),
      cell.value === null ? quiet : { size: 14, isBold: true },
    ),
    svgText(320, y + 35, fitText(interval, 125, 11), quiet),
    svgText(450, y + 26, fitText(changeText(cell), 105, 13), {
      size: 13,
      isBold: change?.isClear === true,
      fill: change?.isClear === true ? INK.text : INK.quiet,
    }),
    trendOf(cell, scorecard, y + 8),
    svgText(WIDTH - MARGIN, y + 20, coverage, { size: 12, anchor: 'end' }),
    svgText(WIDTH - MARGIN, y + (coverage === '' ? 26 : 35), `of ${cell.n}`, { ...quiet, anchor: 'end' }),
    svgLine(MARGIN, y + ROW - 2, WIDTH - MARGIN, y + ROW - 2, INK.line),
  ]
}

/** The period before on grey, this one in colour, on one scale. */
function trendOf({ trend: values }: Cell, { trend, period }: Scorecard, top: number): string {
  const known = values.filter((value) => value !== null)
  if (trend === null || known.length === 0) return ''
  const [low, high] = [Math.min(...known), Math.max(...known)]
  const step = values.length < 2 ? 0 : TREND.width / (values.length - 1)
  const points = values.map((value, i): Point | null =>
    value === null
      ? null
      : [TREND.x + i * step, top + (high === low ? 0.5 : (high - value) / (high - low)) * TREND.height],
  )
  const first = Math.max(0, Math.round((period.fromMs - trend.fromMs) / trend.stepMs))
  const [x, width] = [TREND.x + first * step, Math.max(0, values.length - 1 - first) * step]
  return [
    `<rect x="${px(x)}" y="${px(top - 4)}" width="${px(width)}" height="${TREND.height + 8}" fill="${INK.band}"/>`,
    svgSeries(points.slice(0, first + 1), INK.quiet, 1.5),
    svgSeries(points.slice(first), INK.series, 2),
  ].join('')
}

function footerOf(scorecard: Scorecard, left: number): { text: string; fill: string }[] {
  const spend = spendText(scorecard)
  const alerts = scorecard.alerts.slice(0, MOST_ALERTS)
  const moreAlerts = scorecard.alerts.length - alerts.length
  return [
    ...(left > 0 ? [{ text: `and ${left} more values`, fill: INK.quiet }] : []),
    ...(spend === null ? [] : [{ text: spend, fill: INK.text }]),
    ...alerts.map((alert) => ({ text: `Open: ${alertText(alert)}`, fill: INK.bad })),
    ...(moreAlerts > 0 ? [{ text: `and ${moreAlerts} more open alerts`, fill: INK.bad }] : []),
    ...(scorecard.alerts.length === 0 ? [{ text: 'No open alerts', fill: INK.good }] : []),
  ]
}
