import { Link } from '@tanstack/react-router'
import { formatDuration } from '../../parts/format.ts'
import { Loading } from '../../parts/loading.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Time } from '../../parts/time.tsx'
import type { LiveTrace } from './live-trace.ts'

/** The traces that ended last; each leads to itself. `error`: of the store, which may have others. */
export function TraceFeed({
  traces,
  error,
  isScoped,
}: {
  traces: readonly LiveTrace[] | undefined
  error: Error | null
  isScoped: boolean
}) {
  return (
    <>
      <div className="section-head">
        <h2 id="traces">Traces</h2>
        <Link to="/traces">All traces</Link>
      </div>
      {error !== null && <ProblemNote error={error} />}
      {traces === undefined && <Loading what="traces" />}
      {traces?.length === 0 && error === null && (
        <p className="faint">No such trace {isScoped ? 'in the last five minutes' : 'in the last hour'}.</p>
      )}
      {traces !== undefined && traces.length > 0 && (
        <ul className="feed" aria-label="Traces, the last that ended first">
          {traces.map(({ traceId, endedAt, durationMs, title, agent, hasFailed }) => (
            <li key={traceId}>
              <Link className="row trace-row" to="/traces/$traceId" params={{ traceId }} preload={false}>
                <Time at={endedAt} />
                <span className="title">{title}</span>
                <span className="agent">{agent ?? ''}</span>
                <span className="failed">{hasFailed ? 'failed' : ''}</span>
                <span className="number">{formatDuration(durationMs)}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
