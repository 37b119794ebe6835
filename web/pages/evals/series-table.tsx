import type { SeriesPoint, SeriesResponse, Verdict } from '../../../client/api.ts'
import { formatCount, formatScore, formatShare } from '../../parts/format.ts'
import { type Column, Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { standInText } from './series-model.ts'

const VERDICTS: readonly { verdict: Verdict; head: string }[] = [
  { verdict: 'pass', head: 'Pass' },
  { verdict: 'fail', head: 'Fail' },
  { verdict: 'unknown', head: 'Unknown' },
  { verdict: 'error', head: 'Error' },
]

/** What the chart shows, in numbers. */
export function SeriesTable({ series, unit }: { series: SeriesResponse; unit: string | undefined }) {
  const { points, by = '', step } = series
  const label: Column<SeriesPoint> = {
    head: by,
    cell: (point) => point.label ?? <span className="faint">none</span>,
  }
  const score: Column<SeriesPoint> = {
    head: 'Mean score',
    kind: 'number',
    cell: ({ meanScore }) => (meanScore === undefined ? '–' : formatScore(meanScore, unit)),
  }
  return (
    <details className="series-table">
      <summary>In numbers, by {step}</summary>
      <Table
        caption={`Verdicts by ${step}, the newest first`}
        columns={[
          { head: 'From', cell: ({ start }) => <Time at={start} /> },
          points.some((point) => point.label !== undefined) && label,
          {
            head: 'Pass rate',
            kind: 'number',
            cell: ({ passRate }) => (passRate === undefined ? '–' : formatShare(passRate)),
          },
          {
            head: '95% interval',
            kind: 'number',
            cell: ({ lower, upper }) =>
              lower === undefined || upper === undefined ? '–' : `${formatShare(lower)} – ${formatShare(upper)}`,
          },
          ...VERDICTS.map(
            ({ verdict, head }): Column<SeriesPoint> => ({
              head,
              kind: 'number',
              cell: ({ verdicts }) => formatCount(verdicts[verdict]),
            }),
          ),
          points.some(({ meanScore }) => meanScore !== undefined) && score,
          {
            head: 'Measure',
            cell: ({ measureHash, standIn }) =>
              standIn === undefined ? <code>{measureHash.slice(0, 8)}</code> : standInText(standIn),
          },
        ]}
        rows={points.toReversed()}
        keyOf={({ start, measureHash, label: name = '' }) => `${start} ${measureHash} ${name}`}
      />
    </details>
  )
}
