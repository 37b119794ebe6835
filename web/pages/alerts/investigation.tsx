import type { AlertStateJson } from '../../../client/api.ts'
import { NOTHING_TO_COMPARE } from '../../../engine/alerting/investigation/nothing-to-compare.ts'
import { formatCount, formatUsd } from '../../parts/format.ts'
import { Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'

type Investigated = NonNullable<AlertStateJson['investigation']>
type Share = Investigated['failing']
type Finding = Investigated['findings'][number]

const OUTCOMES = {
  too_few: 'There are too few failing or passing traces to compare.',
  nothing: 'Nothing stands out: failing traces look as passing ones do.',
} as const

const NOTHING_WAS = `${NOTHING_TO_COMPARE[0]?.toUpperCase()}${NOTHING_TO_COMPARE.slice(1)}.`

/** What failing traces have more often than passing ones, worked out after it fired. */
export function Investigation({ investigation }: { investigation: Investigated }) {
  const { atMs, outcome, failing, passing, tested, findings, summary, summaryRefused } = investigation
  return (
    <section aria-label="Investigation" className="alert-why">
      <h3>Investigation</h3>
      {summary !== null && (
        <p className="text">
          {summary.text}{' '}
          <span className="faint">
            – {summary.model ?? 'a judge'}, by the figures below
            {summary.costMicroUsd !== null && `, for ${formatUsd(summary.costMicroUsd / 1e6)}`}
          </span>
        </p>
      )}
      {summaryRefused !== null && <p className="faint">A judge was asked for a summary: {summaryRefused}.</p>}
      {outcome === 'found' ? (
        <Table
          caption="What failing traces have more often than passing ones"
          columns={COLUMNS}
          rows={findings}
          keyOf={keyOf}
        />
      ) : (
        <p>{outcome === 'nothing' && tested === 0 ? NOTHING_WAS : OUTCOMES[outcome]}</p>
      )}
      <p className="faint">
        <Time at={new Date(atMs).toISOString()} />: {formatCount(tested)} things compared in {comparedText(failing)}{' '}
        failing and {comparedText(passing)} passing traces.
      </p>
    </section>
  )
}

const comparedText = ({ traces, compared }: Share): string =>
  traces === compared ? formatCount(traces) : `${formatCount(compared)} of ${formatCount(traces)}`

const keyOf = ({ label, value, isAbsent }: Finding): string => `${label} ${value} ${isAbsent}`
const shareText = ({ count, of }: Finding['failing']): string =>
  `${of === 0 ? 0 : Math.round((100 * count) / of)}% (${formatCount(count)} of ${formatCount(of)})`
const times = (value: number): string => String(Number(value.toPrecision(3)))
const featureText = ({ label, value }: { label: string; value: string }): string =>
  label === 'tool.failed' ? `a failure of tool ${value}` : `${label} ${value}`

const COLUMNS = [
  {
    head: 'Failing traces have',
    kind: 'head' as const,
    cell: (finding: Finding) => (
      <>
        {finding.isAbsent && 'no '}
        {featureText(finding)}
        {finding.also.length > 0 && <div className="faint">with it {finding.also.map(featureText).join(', ')}</div>}
      </>
    ),
  },
  { head: 'Of failing', kind: 'number' as const, cell: ({ failing }: Finding) => shareText(failing) },
  { head: 'Of passing', kind: 'number' as const, cell: ({ passing }: Finding) => shareText(passing) },
  {
    head: 'Times as often',
    kind: 'number' as const,
    cell: ({ lift, interval }: Finding) => `${times(lift)} (${times(interval.low)} to ${times(interval.high)})`,
  },
  { head: 'Corrected p', kind: 'number' as const, cell: ({ q }: Finding) => q.toPrecision(2) },
]
