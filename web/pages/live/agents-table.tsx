import type { LiveAgent } from '../../../client/api.ts'
import { formatAgo, formatCompact, formatCost, formatDuration, formatShare } from '../../parts/format.ts'
import { type Column, Table } from '../../parts/table.tsx'
import { type Counts, VerdictBar } from '../../parts/verdict.tsx'

export function AgentsTable({ agents, windowSeconds }: { agents: readonly LiveAgent[]; windowSeconds: number }) {
  if (agents.length === 0) return <p className="faint">No agent was seen in the last {windowSeconds / 60} minutes.</p>
  return (
    <Table
      caption={`What each agent does now, over ${windowSeconds} seconds`}
      columns={COLUMNS}
      rows={agents}
      keyOf={({ agent, env = '' }) => `${agent} ${env}`}
    />
  )
}

const COLUMNS: readonly Column<LiveAgent>[] = [
  {
    head: 'Agent',
    kind: 'head',
    cell: ({ agent, env }) => (
      <>
        {agent || <span className="faint">unnamed</span>}
        {env !== undefined && <span className="tag">{env}</span>}
      </>
    ),
  },
  { head: 'Version', cell: ({ versions }) => versions[0] ?? <span className="faint">–</span> },
  { head: 'In flight', kind: 'number', cell: ({ inFlightTraces }) => inFlightTraces },
  { head: 'Runs/min', kind: 'number', cell: ({ runsPerMinute }) => runsPerMinute.toFixed(1) },
  { head: 'Errors', kind: 'number', cell: ({ errorRate }) => (errorRate === null ? '–' : formatShare(errorRate)) },
  {
    head: 'p95',
    kind: 'number',
    cell: ({ p95DurationMs }) => (p95DurationMs === null ? '–' : formatDuration(p95DurationMs)),
  },
  {
    head: 'Tokens/min',
    kind: 'number',
    cell: ({ tokensPerMinute }) => formatCompact(Math.round(tokensPerMinute)),
  },
  {
    head: 'Cost/min',
    kind: 'number',
    cell: ({ costUsdPerMinute, tokensPerMinute }) => formatCost(costUsdPerMinute, tokensPerMinute),
  },
  { head: 'Verdicts', cell: ({ verdicts }) => <VerdictBar counts={totalOf(verdicts)} /> },
  { head: 'Last seen', kind: 'number', cell: ({ lastSeen }) => formatAgo(lastSeen, Date.now()) },
]

function totalOf(byEval: LiveAgent['verdicts']): Counts {
  const total = { pass: 0, fail: 0, unknown: 0, error: 0 }
  for (const counts of Object.values(byEval)) {
    total.pass += counts.pass
    total.fail += counts.fail
    total.unknown += counts.unknown
    total.error += counts.error
  }
  return total
}
