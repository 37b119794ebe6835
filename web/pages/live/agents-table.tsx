import type { LiveAgent } from '../../../client/api.ts'
import { formatAgo, formatCompact, formatDuration, formatShare, formatUsd } from '../../parts/format.ts'
import { type Counts, VerdictBar } from '../../parts/verdict.tsx'

export function AgentsTable({ agents, windowSeconds }: { agents: readonly LiveAgent[]; windowSeconds: number }) {
  if (agents.length === 0) return <p className="faint">No agent was seen in the last {windowSeconds / 60} minutes.</p>
  return (
    <div className="table-frame">
      <table>
        <caption className="only-read">What each agent does now, over {windowSeconds} seconds</caption>
        <thead>
          <tr>
            <th scope="col">Agent</th>
            <th scope="col">Version</th>
            <th scope="col" className="number">
              In flight
            </th>
            <th scope="col" className="number">
              Runs/min
            </th>
            <th scope="col" className="number">
              Errors
            </th>
            <th scope="col" className="number">
              p95
            </th>
            <th scope="col" className="number">
              Tokens/min
            </th>
            <th scope="col" className="number">
              Cost/min
            </th>
            <th scope="col">Verdicts</th>
            <th scope="col" className="number">
              Last seen
            </th>
          </tr>
        </thead>
        <tbody>
          {agents.map((one) => (
            <tr key={`${one.agent} ${one.env ?? ''}`}>
              <th scope="row">
                {one.agent || <span className="faint">unnamed</span>}
                {one.env !== undefined && <span className="tag">{one.env}</span>}
              </th>
              <td>{one.versions[0] ?? <span className="faint">–</span>}</td>
              <td className="number">{one.inFlightTraces}</td>
              <td className="number">{one.runsPerMinute.toFixed(1)}</td>
              <td className="number">{one.errorRate === null ? '–' : formatShare(one.errorRate)}</td>
              <td className="number">{one.p95DurationMs === null ? '–' : formatDuration(one.p95DurationMs)}</td>
              <td className="number">{formatCompact(Math.round(one.tokensPerMinute))}</td>
              <td className="number">{formatUsd(one.costUsdPerMinute)}</td>
              <td>
                <VerdictBar counts={totalOf(one.verdicts)} />
              </td>
              <td className="number">{formatAgo(one.lastSeen, Date.now())}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

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
