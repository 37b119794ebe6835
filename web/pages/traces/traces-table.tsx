import { Link } from '@tanstack/react-router'
import type { TraceSummary } from '../../../client/api.ts'
import { formatCompact, formatCost, formatDuration } from '../../parts/format.ts'
import { type Column, Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { VerdictCounts } from '../../parts/verdict.tsx'

/** Two of them can be compared: with `onPick` each has a box. */
export function TracesTable({
  traces,
  picked,
  onPick,
}: {
  traces: readonly TraceSummary[]
  picked: readonly string[]
  onPick: (traceId: string, isPicked: boolean) => void
}) {
  const box: Column<TraceSummary> = {
    head: 'To compare',
    isHeadHidden: true,
    className: 'pick',
    cell: ({ traceId, input, name }) => (
      <input
        type="checkbox"
        aria-label={`Compare: ${input ?? name}`}
        checked={picked.includes(traceId)}
        disabled={picked.length === 2 && !picked.includes(traceId)}
        onChange={(event) => onPick(traceId, event.target.checked)}
      />
    ),
  }
  return (
    <Table
      caption="Traces, the newest first"
      className="traces"
      columns={[box, ...COLUMNS]}
      rows={traces}
      keyOf={({ traceId }) => traceId}
    />
  )
}

const COLUMNS: readonly Column<TraceSummary>[] = [
  { head: 'Began', className: 'faint', cell: ({ startTime }) => <Time at={startTime} /> },
  {
    head: 'Trace',
    kind: 'head',
    className: 'said',
    cell: ({ traceId, input, name, output }) => (
      <>
        <Link to="/traces/$traceId" params={{ traceId }} preload={false}>
          {input ?? name}
        </Link>
        {output !== undefined && <span className="faint">{output}</span>}
      </>
    ),
  },
  {
    head: 'Agent',
    cell: ({ agent }) => (
      <>
        {agent?.name ?? <span className="faint">–</span>} <span className="faint">{agent?.version ?? ''}</span>
      </>
    ),
  },
  {
    head: 'Verdicts',
    cell: ({ verdicts, failedEvals }) => (
      <span title={failedEvals.join(', ')}>
        <VerdictCounts counts={verdicts} />
      </span>
    ),
  },
  { head: 'Took', kind: 'number', cell: ({ durationMs }) => formatDuration(durationMs) },
  {
    head: 'Spans',
    kind: 'number',
    cell: ({ spans, failedSpans }) => (
      <>
        {failedSpans > 0 && <span className="span-errors">{failedSpans} failed · </span>}
        {spans}
      </>
    ),
  },
  {
    head: 'Tokens',
    kind: 'number',
    cell: ({ inputTokens, outputTokens }) => formatCompact(inputTokens + outputTokens),
  },
  {
    head: 'Cost',
    kind: 'number',
    cell: ({ costUsd, inputTokens, outputTokens }) => formatCost(costUsd, inputTokens + outputTokens),
  },
]
