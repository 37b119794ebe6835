import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { OfflineRun } from '../../../client/api.ts'
import { ApiProblem } from '../../../client/request.ts'
import { api } from '../../data/api.ts'
import { Cost } from '../../parts/cost.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Fact, Facts } from '../../parts/facts.tsx'
import { formatCount, formatUsd } from '../../parts/format.ts'
import { packageAndName } from '../../parts/ids.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Time } from '../../parts/time.tsx'
import { VerdictBar, VerdictCounts } from '../../parts/verdict.tsx'
import { CancelRun } from './cancel-run.tsx'
import { Progress } from './progress.tsx'
import { RunResults } from './run-results.tsx'
import { canCancel, plannedCostText, STATES, TRIGGERS } from './run-words.ts'
import './runs.css'

const route = getRouteApi('/runs/$packageName/$run')
const POLL_MS = 2_000

/** One run of an offline eval: what it meant to judge, how far it is, what came out and what it cost. */
export function RunPage() {
  const { packageName, run: name } = route.useParams()
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['run', packageName, name],
    queryFn: ({ signal }) => api.getOfflineRun(packageName, name, signal),
    // One that has ended does not change.
    refetchInterval: (query) => (query.state.data !== undefined && canCancel(query.state.data) ? POLL_MS : false),
  })
  if (isPending) return <Loading what="the run" />
  if (data === undefined) {
    if (error instanceof ApiProblem && error.status === 404)
      return (
        <Empty title={`There is no run ${packageName}/${name}`}>
          <p>
            Old runs are forgotten, their results are not. <Link to="/runs">Offline runs</Link> lists those that are
            known.
          </p>
        </Empty>
      )
    return <ProblemNote error={error} onRetry={() => refetch()} />
  }
  return (
    <>
      <PageHead title={`Run of ${data.eval}`}>
        <Link className="button" to="/evals/$packageName/$name" params={packageAndName(data.eval)}>
          Its eval
        </Link>
        <Link className="button" to="/runs" search={{ eval: data.eval }}>
          Its other runs
        </Link>
        {canCancel(data) && <CancelRun runId={data.runId} />}
      </PageHead>
      {error !== null && <ProblemNote error={error} />}
      {data.error !== undefined && (
        <div className="problem" role="alert">
          <strong>The run failed</strong>
          <p>{data.error}</p>
        </div>
      )}
      {data.notes?.map((note) => (
        <p key={note} className="run-note">
          {note}
        </p>
      ))}
      <Facts>
        <Fact name="State">
          <span className={`run-state run-${data.state}`}>{STATES[data.state]}</span>
        </Fact>
        <Fact name="Begun">{TRIGGERS[data.trigger]}</Fact>
        <Fact name="Slot">
          <Time at={data.slot} />
        </Fact>
        <Fact name="Queued">
          <Time at={data.enqueuedAt} />
        </Fact>
        <Fact name="Ended">{data.endedAt !== undefined && <Time at={data.endedAt} />}</Fact>
        <Fact name="Progress">
          <Progress run={data} />
        </Fact>
      </Facts>
      <Plan run={data} />
      <Outcome run={data} />
      <RunResults runId={data.runId} />
    </>
  )
}

function Plan({ run }: { run: OfflineRun }) {
  const { populationTraces, lookedAtTraces, sampled, cheaper, budgetUsd } = run
  return (
    <section aria-labelledby="plan">
      <h2 id="plan">Plan</h2>
      {sampled === undefined ? (
        <p className="faint">Its sample is drawn when its turn comes.</p>
      ) : (
        <Facts>
          <Fact name="Traces of its period">{formatCount(populationTraces ?? 0)}</Fact>
          <Fact name="Looked at">{formatCount(lookedAtTraces ?? 0)}</Fact>
          <Fact name="Sample">{formatCount(sampled)}</Fact>
          <Fact name="Estimated cost">{plannedCostText(run)}</Fact>
          <Fact name="Budget left for it">{budgetUsd === undefined ? 'none set' : formatUsd(budgetUsd)}</Fact>
          <Fact name="For a cheaper judge">{cheaper !== undefined && formatCount(cheaper)}</Fact>
        </Facts>
      )}
    </section>
  )
}

function Outcome({ run }: { run: OfflineRun }) {
  const { outcome } = run
  const rest = [
    { name: 'Judged before', count: outcome.alreadyJudged },
    { name: 'From the cache', count: outcome.cached },
    { name: 'By an “or else” judge', count: outcome.orElse },
    { name: 'By a cheaper judge', count: outcome.cheaper },
    { name: 'By the proxy', count: outcome.proxy },
    { name: 'Left alone', count: outcome.left },
  ]
  return (
    <section aria-labelledby="outcome">
      <h2 id="outcome">Outcome</h2>
      <Facts>
        <Fact name="Spent">
          <Cost usd={run.spentUsd} of="judges" />
        </Fact>
        <Fact name="Verdicts">
          <VerdictCounts counts={outcome} />
        </Fact>
        <Fact name="Shares">
          <VerdictBar counts={outcome} />
        </Fact>
        <Fact name="Over the budget">
          {outcome.overBudget === 0 ? 'nothing' : `${formatCount(outcome.overBudget)}, left unknown`}
        </Fact>
        {rest.map(({ name, count }) => (
          <Fact key={name} name={name}>
            {count > 0 && formatCount(count)}
          </Fact>
        ))}
      </Facts>
    </section>
  )
}
