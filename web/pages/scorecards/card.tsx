import { Link } from '@tanstack/react-router'
import type { Cell, Scorecard } from '../../../engine/scorecard/scorecard-json.ts'
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
  spendText,
  valueText,
} from '../../../engine/scorecard/words.ts'
import { formatCount } from '../../parts/format.ts'
import { packageAndName } from '../../parts/ids.ts'
import { Sparkline } from '../../parts/sparkline.tsx'
import { Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'

const isoOf = (ms: number): string => new Date(ms).toISOString()

/** The figures of a period, in the words in which they are posted. */
export function Card({ scorecard }: { scorecard: Scorecard }) {
  const { title, owner, period, worst, alerts } = scorecard
  const before = beforeText(scorecard)
  const cells = cellsOf(scorecard)
  const spend = spendText(scorecard)
  return (
    <article className="card" aria-label={title ?? scorecard.id}>
      <header>
        {title !== null && <h2>{title}</h2>}
        <p className="faint">
          <Time at={isoOf(period.fromMs)} /> to <Time at={isoOf(period.toMs)} />
          {before !== null && `, against ${before}`}
          {owner !== null && ` · ${owner}`}
        </p>
      </header>
      <Table
        caption="Figures of the period"
        columns={[
          {
            head: 'Figure',
            kind: 'head',
            cell: (cell) => (
              <Link to="/evals/$packageName/$name" params={packageAndName(cell.evalId)}>
                {cellName(cell, scorecard)}
              </Link>
            ),
          },
          {
            head: 'Now',
            kind: 'number',
            cell: (cell) => (
              <>
                <strong>{valueText(cell)}</strong>
                {cell.corrected !== null && <div className="faint">corrected {correctedText(cell)}</div>}
              </>
            ),
          },
          { head: '95% interval', kind: 'number', cell: intervalText },
          {
            head: 'Change',
            kind: 'number',
            cell: (cell) => (
              <>
                {changeText(cell)} <span className="faint">{changeIntervalText(cell)}</span>
              </>
            ),
          },
          cells.some(({ trend }) => trend.length > 1) && { head: 'Trend', cell: (cell: Cell) => <Trend cell={cell} /> },
          { head: 'Coverage', kind: 'number', cell: coverageText },
          { head: 'Of', kind: 'number', cell: ({ n }) => formatCount(n) },
        ]}
        rows={cells}
        keyOf={(cell) => cellName(cell, scorecard)}
      />
      <p className="faint">≈ stands before a difference that may be chance.</p>
      {spend !== null && <p>{spend}.</p>}
      {alerts.length > 0 && (
        <section>
          <h3>Open alerts then</h3>
          <ul>
            {alerts.map((alert) => (
              <li key={`${alert.alertId} ${JSON.stringify(alert.group)}`}>
                <Link to="/alerts/$packageName/$name" params={packageAndName(alert.alertId)}>
                  {alertText(alert)}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
      {worst.length > 0 && (
        <section>
          <h3>Worst traces</h3>
          <ul>
            {worst.map(({ evalId, traceId, spanId, score }) => (
              <li key={`${evalId} ${traceId} ${spanId}`}>
                <Link to="/traces/$traceId" params={{ traceId }} search={spanId === '' ? {} : { span: spanId }}>
                  <code>{traceId.slice(0, 8)}</code>
                </Link>{' '}
                {evalId}
                {score !== null && <span className="number">, score {Number(score.toPrecision(4))}</span>}
              </li>
            ))}
          </ul>
        </section>
      )}
    </article>
  )
}

/** In the range of its own values: they are of any unit. */
function Trend({ cell: { trend } }: { cell: Cell }) {
  const known = trend.filter((value) => value !== null)
  const [low, high] = [Math.min(...known), Math.max(...known)]
  const points = trend.flatMap((value, index) =>
    value === null
      ? []
      : [{ at: index / (trend.length - 1), rate: high === low ? 0.9 : 0.8 + (0.2 * (value - low)) / (high - low) }],
  )
  return <Sparkline points={points} words={`${known.length} steps up to the end of the period`} />
}
