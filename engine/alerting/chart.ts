/** The chart of an alert's message: how the value went, against what the rule names, with the moment at which it fired. */
import { groupLabels } from '../group-text.ts'
import { fitText, INK, type Point, px, svgLine, svgPicture, svgSeries, svgText } from '../images/svg.ts'
import { formatValue } from './rule-text.ts'
import type { AlertTransition } from './transition.ts'

const WIDTH = 800
const HEIGHT = 320
const PLOT = { left: 84, right: 776, top: 76, bottom: 272 } as const
const TICKS = 4

export type Charted = Pick<
  AlertTransition,
  'alertId' | 'title' | 'rule' | 'group' | 'to' | 'atMs' | 'sinceMs' | 'numbers' | 'trend'
> & { readonly why: Pick<NonNullable<AlertTransition['why']>, 'baseline' | 'detection'> | null }

/** Null where there is nothing to draw. */
export function alertChartSvg(alert: Charted): string | null {
  const points = alert.trend?.points ?? []
  const known = points.flatMap(([, value]) => value ?? [])
  if (known.length < 2) return null
  const { numbers, why } = alert
  const usual = why?.detection.kind === 'anomaly' ? why.detection.usual : null
  const baseline = why?.baseline?.value ?? null
  const limits = [
    numbers.threshold,
    ...(baseline === null ? [] : [baseline]),
    ...(usual === null ? [] : [usual.low, usual.high]),
  ]
  const [low, high] = rangeOf([...known, ...limits])
  const [fromMs, toMs] = [points[0]![0], Math.max(points.at(-1)![0], alert.atMs)]
  const x = (atMs: number): number =>
    PLOT.left + ((atMs - fromMs) / Math.max(1, toMs - fromMs)) * (PLOT.right - PLOT.left)
  const y = (value: number): number => PLOT.bottom - ((value - low) / (high - low)) * (PLOT.bottom - PLOT.top)
  const shown = (value: number): string => formatValue(value, numbers.measure.type)
  const group = groupLabels(alert.group)
  const title = `${alert.title ?? alert.alertId}${group.length === 0 ? '' : ` (${group.join(', ')})`}`
  const series = points.map(([atMs, value]): Point | null => (value === null ? null : [x(atMs), y(value)]))
  return svgPicture(WIDTH, HEIGHT, [
    svgText(24, 32, fitText(title, WIDTH - 48, 16), { size: 16, isBold: true }),
    svgText(24, 54, fitText(alert.rule, WIDTH - 48, 12), { size: 12, fill: INK.quiet }),
    usual === null ? '' : bandOf(y(usual.high), y(usual.low)),
    ...gridOf(low, high, y, shown),
    baseline === null ? '' : levelOf(y(baseline), INK.quiet, '2 3', `usual ${shown(baseline)}`),
    levelOf(y(numbers.threshold), INK.bad, '6 4', `${numbers.cmp} ${shown(numbers.threshold)}`),
    svgSeries(series, INK.series, 2),
    ...momentsOf(alert, fromMs, x),
    ...timesOf(fromMs, toMs, x),
  ])
}

/** With some room, and from 0 where that is near. */
function rangeOf(values: readonly number[]): [number, number] {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const room = most === least ? Math.max(1e-9, Math.abs(most) * 0.1 || 1) : (most - least) * 0.08
  const low = least >= 0 && least - room < (most - least) * 0.5 ? 0 : least - room
  return [low, most + room]
}

const bandOf = (top: number, bottom: number): string =>
  `<rect x="${PLOT.left}" y="${px(top)}" width="${PLOT.right - PLOT.left}" height="${px(bottom - top)}" fill="${INK.band}"/>`

function gridOf(low: number, high: number, y: (value: number) => number, shown: (value: number) => string): string[] {
  return Array.from({ length: TICKS + 1 }, (_, i) => {
    const value = low + ((high - low) * i) / TICKS
    const label = svgText(PLOT.left - 8, y(value) + 4, shown(value), { size: 11, fill: INK.quiet, anchor: 'end' })
    return svgLine(PLOT.left, y(value), PLOT.right, y(value), INK.line) + label
  })
}

function levelOf(y: number, stroke: string, dashes: string, label: string): string {
  const line = svgLine(PLOT.left, y, PLOT.right, y, stroke, ` stroke-width="1.5" stroke-dasharray="${dashes}"`)
  return line + svgText(PLOT.left + 6, y - 5, label, { size: 11, fill: stroke })
}

/** When it fired, and when it was over. */
function momentsOf({ to, atMs, sinceMs }: Charted, fromMs: number, x: (atMs: number) => number): string[] {
  const moment = (at: number, label: string, stroke: string): string => {
    const isLate = x(at) > (PLOT.left + PLOT.right) / 2
    const text = svgText(x(at) + (isLate ? -6 : 6), PLOT.top + 10, label, {
      size: 11,
      fill: stroke,
      isBold: true,
      anchor: isLate ? 'end' : 'start',
    })
    return svgLine(x(at), PLOT.top - 4, x(at), PLOT.bottom, stroke, ' stroke-width="1.5"') + text
  }
  const fired = to === 'resolved' ? sinceMs : atMs
  return [
    ...(fired < fromMs ? [] : [moment(fired, 'fired', INK.bad)]),
    ...(to === 'resolved' ? [moment(atMs, 'resolved', INK.good)] : []),
  ]
}

const DAY_MS = 86_400_000

function timesOf(fromMs: number, toMs: number, x: (atMs: number) => number): string[] {
  const isOfDays = toMs - fromMs > 2 * DAY_MS
  const isShort = toMs - fromMs < 600_000
  const textOf = (atMs: number): string => {
    const iso = new Date(atMs).toISOString()
    return isOfDays ? iso.slice(5, 10) : iso.slice(11, isShort ? 19 : 16)
  }
  const ticks = Array.from({ length: TICKS + 1 }, (_, i) => {
    const atMs = fromMs + ((toMs - fromMs) * i) / TICKS
    const anchor = i === 0 ? 'start' : i === TICKS ? 'end' : 'middle'
    return svgText(x(atMs), PLOT.bottom + 18, textOf(atMs), { size: 11, fill: INK.quiet, anchor })
  })
  const day = new Date(toMs).toISOString().slice(0, 10)
  return [...ticks, svgText(PLOT.right, PLOT.bottom + 36, `${day}, UTC`, { size: 11, fill: INK.quiet, anchor: 'end' })]
}
