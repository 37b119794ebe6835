import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Result, Session, TraceSummary } from '../../../client/api.ts'
import { ApiProblem } from '../../../client/request.ts'
import { api } from '../../data/api.ts'
import { Cost } from '../../parts/cost.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Fact, Facts } from '../../parts/facts.tsx'
import { formatCount, formatDuration, formatScore } from '../../parts/format.ts'
import { packageAndName } from '../../parts/ids.ts'
import { Loading } from '../../parts/loading.tsx'
import { OlderRows } from '../../parts/older-rows.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { ResultWhy } from '../../parts/result-why.tsx'
import { Time } from '../../parts/time.tsx'
import { Verdict, VerdictCounts } from '../../parts/verdict.tsx'
import { eachOnce, eachVerdictOnce, verdictKey } from '../traces/each-once.ts'
import { TracesTable } from '../traces/traces-table.tsx'
import { totalsOf } from './totals.ts'
import '../traces/traces.css'

const route = getRouteApi('/sessions/$sessionId')
/** A session has no period of its own: as long as anything is kept. */
const EVER = '3650d'
const SHOWN = 200

/** One conversation: its traces, what they came to, and what was said of it as a whole. */
export function SessionPage() {
  const { sessionId } = route.useParams()
  const [picked, setPicked] = useState<readonly string[]>([])
  const pages = useInfiniteQuery({
    queryKey: ['session-traces', sessionId],
    queryFn: ({ pageParam, signal }) =>
      api.getTracesOfSession(sessionId, { since: EVER, limit: SHOWN, after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    refetchInterval: 10_000,
  })
  if (pages.isPending) return <Loading what="the session" />
  if (pages.data === undefined) {
    if (pages.error instanceof ApiProblem && pages.error.status === 404)
      return (
        <Empty title="There is no such session">
          <p>
            Nothing that is stored names it: it may have been erased, be past its retention, or not have arrived yet.{' '}
            <Link to="/sessions">Sessions</Link> lists those there are.
          </p>
        </Empty>
      )
    return <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />
  }
  const traces = eachOnce(pages.data.pages)
  const session = pages.data.pages[0]!.session
  const results = eachVerdictOnce(pages.data.pages)
  const [left, right] = picked
  const isWhole = !pages.hasNextPage
  return (
    <>
      <PageHead title={`Session ${sessionId}`}>
        {left !== undefined && right !== undefined && (
          <Link className="button" to="/traces/compare" search={{ left, right }}>
            Compare these two
          </Link>
        )}
        <Link className="button" to="/traces" search={{ session: sessionId, since: '30d' }}>
          Search its traces
        </Link>
      </PageHead>
      <SessionFacts session={session} traces={traces} isWhole={isWhole} />
      <SessionVerdicts results={results} isWhole={isWhole} />
      <section aria-labelledby="traces">
        <h2 id="traces">Traces</h2>
        <TracesTable
          traces={traces}
          picked={picked}
          onPick={(id, isPicked) => setPicked(isPicked ? [...picked, id] : picked.filter((one) => one !== id))}
        />
        <OlderRows pages={pages} />
      </section>
    </>
  )
}

/** `traces`: those that are listed, which may not be all. */
function SessionFacts({
  session,
  traces,
  isWhole,
}: {
  session: Session
  traces: readonly TraceSummary[]
  isWhole: boolean
}) {
  const { firstSeen, lastSeen, failedSpans, inputTokens, outputTokens, costUsd, user } = session
  const { agents, durationMs, verdicts } = totalsOf(traces)
  return (
    <Facts>
      <Fact name="Agent">{agents.join(', ')}</Fact>
      <Fact name="User">{user}</Fact>
      <Fact name="Began">
        <Time at={firstSeen} />
      </Fact>
      <Fact name="Last seen">
        <Time at={lastSeen} />
      </Fact>
      <Fact name="Traces">{formatCount(session.traces)}</Fact>
      <Fact name="Spans that failed">{failedSpans > 0 && formatCount(failedSpans)}</Fact>
      <Fact name="Worked for">{isWhole && formatDuration(durationMs)}</Fact>
      <Fact name="Tokens">
        {formatCount(inputTokens)} in, {formatCount(outputTokens)} out
      </Fact>
      <Fact name="Cost">
        <Cost usd={costUsd} tokens={inputTokens + outputTokens} of="agents" />
      </Fact>
      <Fact name={isWhole ? 'Verdicts on its traces' : 'Verdicts on those listed'}>
        <VerdictCounts counts={verdicts} />
      </Fact>
    </Facts>
  )
}

/** What evals of whole sessions say. Of one that is judged again, as it goes on a later day, there are several. */
function SessionVerdicts({ results, isWhole }: { results: readonly Result[]; isWhole: boolean }) {
  return (
    <section aria-labelledby="of-the-whole">
      <h2 id="of-the-whole">Of the whole session</h2>
      {results.length === 0 ? (
        <p className="faint">
          {isWhole ? 'No eval has judged it as a whole.' : 'No eval has judged it as a whole under the traces listed.'}{' '}
          Offline evals with <code>sample: … of session</code> do, half an hour after its last trace.
        </p>
      ) : (
        <ul className="session-verdicts">
          {results.map((result) => (
            <SessionVerdict key={verdictKey(result)} result={result} />
          ))}
        </ul>
      )}
    </section>
  )
}

function SessionVerdict({ result }: { result: Result }) {
  const { eval: evalId, verdict, score, scoreUnit, evaluatedAt } = result
  return (
    <li>
      <p>
        <Verdict verdict={verdict} />{' '}
        <Link to="/evals/$packageName/$name" params={packageAndName(evalId)}>
          {evalId}
        </Link>
        {score !== undefined && <span className="number"> {formatScore(score, scoreUnit)}</span>}{' '}
        <span className="faint">
          <Time at={evaluatedAt} />
        </span>
      </p>
      <ResultWhy result={result} />
    </li>
  )
}
