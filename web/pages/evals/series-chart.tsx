import { useEffect, useMemo, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { SeriesResponse } from '../../../client/api.ts'
import { useColours } from '../../parts/colours.ts'
import { formatShare } from '../../parts/format.ts'
import { type Lines, linesOf } from './series-model.ts'

const HEIGHT_PX = 220
const LINES = ['--accent', '--unknown', '--error', '--pass', '--fail', '--ink-faint'] as const

/** Pass rate with its 95% interval; a dashed line where the measure changed. The table below it says the same in words. */
export function SeriesChart({ series }: { series: SeriesResponse }) {
  const frame = useRef<HTMLDivElement>(null)
  const colours = useColours()
  const lines = useMemo(() => linesOf(series), [series])
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const plot = new uPlot(optionsOf(lines, colours, element.clientWidth), dataOf(lines), element)
    const watch = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }))
    watch.observe(element)
    return () => {
      watch.disconnect()
      plot.destroy()
    }
  }, [lines, colours])
  return <div ref={frame} className="chart" aria-hidden="true" />
}

const dataOf = ({ times, lines }: Lines): uPlot.AlignedData => [
  [...times],
  ...lines.flatMap(({ rate, lower, upper }) => [[...upper], [...lower], [...rate]]),
]

function optionsOf({ lines, breaks }: Lines, colour: (name: string) => string, width: number): uPlot.Options {
  const shown = lines.map((line, index) => ({ ...line, colour: colour(LINES[index % LINES.length]!) }))
  const axis = { stroke: colour('--ink-faint'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } }
  return {
    width,
    height: HEIGHT_PX,
    legend: { show: lines.some(({ label }) => label !== ''), live: false },
    cursor: { points: { size: 6 }, y: false },
    scales: { y: { range: (_, low) => [Math.max(0, Math.min(low ?? 0, 0.9) - 0.02), 1.02] } },
    axes: [
      { ...axis, space: 80 },
      { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => (tick > 1 ? '' : formatShare(tick))) },
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
          ctx.restore()
        },
      ],
    },
  }
}
