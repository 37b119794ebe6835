import type { SeriesResponse } from '../../../client/api.ts'
import { formatCount, formatScore, formatShare } from '../../parts/format.ts'
import { Time } from '../../parts/time.tsx'

/** What the chart shows, in numbers. */
export function SeriesTable({ series }: { series: SeriesResponse }) {
  const hasLabels = series.points.some(({ label }) => label !== undefined)
  const hasScores = series.points.some(({ meanScore }) => meanScore !== undefined)
  return (
    <details className="series-table">
      <summary>In numbers, by {series.step}</summary>
      <div className="table-frame">
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              {hasLabels && <th scope="col">{series.by}</th>}
              <th scope="col" className="number">
                Pass rate
              </th>
              <th scope="col" className="number">
                95% interval
              </th>
              <th scope="col" className="number">
                Pass
              </th>
              <th scope="col" className="number">
                Fail
              </th>
              <th scope="col" className="number">
                Unknown
              </th>
              <th scope="col" className="number">
                Error
              </th>
              {hasScores && (
                <th scope="col" className="number">
                  Mean score
                </th>
              )}
              <th scope="col">Measure</th>
            </tr>
          </thead>
          <tbody>
            {series.points.toReversed().map((point) => (
              <tr key={`${point.start} ${point.measureHash} ${point.label ?? ''}`}>
                <td>
                  <Time at={point.start} />
                </td>
                {hasLabels && <td>{point.label ?? <span className="faint">none</span>}</td>}
                <td className="number">{point.passRate === undefined ? '–' : formatShare(point.passRate)}</td>
                <td className="number">
                  {point.lower === undefined || point.upper === undefined
                    ? '–'
                    : `${formatShare(point.lower)} – ${formatShare(point.upper)}`}
                </td>
                <td className="number">{formatCount(point.verdicts.pass)}</td>
                <td className="number">{formatCount(point.verdicts.fail)}</td>
                <td className="number">{formatCount(point.verdicts.unknown)}</td>
                <td className="number">{formatCount(point.verdicts.error)}</td>
                {hasScores && (
                  <td className="number">
                    {point.meanScore === undefined ? '–' : formatScore(point.meanScore, undefined)}
                  </td>
                )}
                <td>
                  <code>{point.measureHash.slice(0, 8)}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}
