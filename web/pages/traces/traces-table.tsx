import { Link } from '@tanstack/react-router'
import type { TraceSummary } from '../../../client/api.ts'
import { formatCompact, formatDuration, formatUsd } from '../../parts/format.ts'
import { Time } from '../../parts/time.tsx'
import { VerdictCounts } from '../../parts/verdict.tsx'

export function TracesTable({ traces }: { traces: readonly TraceSummary[] }) {
  return (
    <div className="table-frame">
      <table className="traces">
        <caption className="only-read">Traces, the newest first</caption>
        <thead>
          <tr>
            <th scope="col">Began</th>
            <th scope="col">Trace</th>
            <th scope="col">Agent</th>
            <th scope="col">Verdicts</th>
            <th scope="col" className="number">
              Took
            </th>
            <th scope="col" className="number">
              Spans
            </th>
            <th scope="col" className="number">
              Tokens
            </th>
            <th scope="col" className="number">
              Cost
            </th>
          </tr>
        </thead>
        <tbody>
          {traces.map((trace) => (
            <tr key={trace.traceId}>
              <td className="faint">
                <Time at={trace.startTime} />
              </td>
              <th scope="row" className="said">
                <Link to="/traces/$traceId" params={{ traceId: trace.traceId }} preload={false}>
                  {trace.input ?? trace.name}
                </Link>
                {trace.output !== undefined && <span className="faint">{trace.output}</span>}
              </th>
              <td>
                {trace.agent?.name ?? <span className="faint">–</span>}{' '}
                <span className="faint">{trace.agent?.version ?? ''}</span>
              </td>
              <td title={trace.failedEvals.join(', ')}>
                <VerdictCounts counts={trace.verdicts} />
              </td>
              <td className="number">{formatDuration(trace.durationMs)}</td>
              <td className="number">
                {trace.failedSpans > 0 && (
                  <span className="span-errors" title={`${trace.failedSpans} failed`}>
                    {trace.failedSpans} failed ·{' '}
                  </span>
                )}
                {trace.spans}
              </td>
              <td className="number">{formatCompact(trace.inputTokens + trace.outputTokens)}</td>
              <td className="number">{trace.costUsd === 0 ? '–' : formatUsd(trace.costUsd)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
