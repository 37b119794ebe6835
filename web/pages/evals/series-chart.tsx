import { useEffect, useMemo, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { SeriesResponse } from '../../../client/api.ts'
import { useColours } from '../../parts/colours.ts'
import { type Lines, linesOf } from './series-model.ts'

const HEIGHT_PX = 220
const LINES = ['--accent', '--unknown', '--error', '--pass', '--fail', '--ink-faint'] as const

/** Pass rate with its 95% interval; a dashed line where the measure changed. The table below it says the same in words. */
export function SeriesChart({ series }: { series: SeriesResponse }) {
  const frame = useRef<HTMLDivElement>(null)
  const colours = useColours()
  const lines = useMemo(() => linesOf(series), [series])
  const period = useMemo(() => [Date.parse(series.from) / 1_000, Date.parse(series.to) / 1_000] as const, [series])
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const plot = new uPlot(optionsOf(lines, period, colours, element.clientWidth), dataOf(lines), element)
    const watch = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }))
    watch.observe(element)
    return () => {
      watch.disconnect()
      plot.destroy()
    }
  }, [lines, period, colours])
  return (
    <div className="chart" aria-hidden="true">
      <div ref={frame} />
      {lines.lines.some(({ label }) => label !== '') && (
        <ul className="legend">
          {lines.lines.map(({ label }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines of one series never change places
            <li key={index}>
              <span style={{ background: `var(${LINES[index % LINES.length]})` }} /> {label || 'none'}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

const hour = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const axisTime = (timeS: number, periodS: number): string =>
  (periodS <= 2 * 86_400 ? hour : day).format(new Date(timeS * 1_000))

const dataOf = ({ times, lines }: Lines): uPlot.AlignedData => [
  [...times],
  ...lines.flatMap(({ rate, lower, upper }) => [[...upper], [...lower], [...rate]]),
]

function optionsOf(
  { lines, breaks, times }: Lines,
  [fromS, toS]: readonly [number, number],
  colour: (name: string) => string,
  width: number,
): uPlot.Options {
  const shown = lines.map((line, index) => ({ ...line, colour: colour(LINES[index % LINES.length]!) }))
  const axis = { stroke: colour('--ink-faint'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } }
  return {
    width,
    height: HEIGHT_PX,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { points: { size: 6 }, y: false },
    scales: {
      x: { range: [fromS, toS] },
      y: { range: (_, low) => [Math.max(0, Math.min(low ?? 0, 0.9) - 0.02), 1.02] },
    },
    axes: [
      { ...axis, size: 26, space: 80, values: (_, ticks) => ticks.map((tick) => axisTime(tick, toS - fromS)) },
      { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => (tick > 1 ? '' : `${Math.round(tick * 100)}%`)) },
    ],
    series: [
      {},
      ...shown.flatMap(({ label, colour: stroke }) => [
        { stroke: 'transparent', points: { show: false }, label: `${label} upper` },
        { stroke: 'transparent', points: { show: false }, label: `${label} lower` },
        {
          stroke,
          width: 1.5,
          points: { show: true, size: 4, fill: stroke },
          spanGaps: true,
          label: label || 'pass rate',
        },
      ]),
    ],
    bands: shown.map(({ colour: stroke }, index) => ({
      series: [index * 3 + 1, index * 3 + 2] as [number, number],
      fill: `color-mix(in srgb, ${stroke} 14%, transparent)`,
    })),
    hooks: {
      draw: [
        (plot) => {
          const { ctx, bbox } = plot
          ctx.save()
          ctx.strokeStyle = colour('--ink-faint')
          ctx.setLineDash([4, 4])
          for (const time of breaks) {
            const x = plot.valToPos(time, 'x', true)
            ctx.beginPath()
            ctx.moveTo(x, bbox.top)
            ctx.lineTo(x, bbox.top + bbox.height)
            ctx.stroke()
          }
          // A band needs two points; each alone shows its interval as a line.
          ctx.setLineDash([])
          for (const { lower, upper, colour: stroke } of shown) {
            ctx.strokeStyle = stroke
            for (const [index, time] of times.entries()) {
              const low = lower[index]
              const high = upper[index]
              if (low == null || high == null) continue
              const x = plot.valToPos(time, 'x', true)
              ctx.beginPath()
              ctx.moveTo(x, plot.valToPos(Math.max(low, plot.scales.y?.min ?? 0), 'y', true))
              ctx.lineTo(x, plot.valToPos(high, 'y', true))
              ctx.stroke()
            }
          }
          ctx.restore()
        },
      ],
    },
  }
}
