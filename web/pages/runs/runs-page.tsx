import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { OfflineRun } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Empty } from '../../parts/empty.tsx'
import { formatCount } from '../../parts/format.ts'
import { packageAndName } from '../../parts/ids.ts'
import { Loading } from '../../parts/loading.tsx'
import { OlderRows } from '../../parts/older-rows.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { VerdictCounts } from '../../parts/verdict.tsx'
import { CancelRun } from './cancel-run.tsx'
import { OfflineEvals } from './offline-evals.tsx'
import { Progress } from './progress.tsx'
import { RunControls } from './run-controls.tsx'
import { canCancel, runParams, STATES, spentText, TRIGGERS } from './run-words.ts'
import { useOffline } from './use-offline.ts'
import './runs.css'

const route = getRouteApi('/runs')
const SHOWN = 50

/** Runs of offline evals, the newest first; of one eval where the address names it. */
export function RunsPage() {
  const { eval: evalId } = route.useSearch()
  const pages = useInfiniteQuery({
    queryKey: ['runs', evalId],
    queryFn: ({ pageParam, signal }) => api.listOfflineRuns({ eval: evalId, limit: SHOWN, after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    refetchInterval: 5_000,
  })
  const named = useOffline().data?.evals.find((one) => one.eval === evalId)
  const runs = pages.data?.pages.flatMap((page) => page.runs) ?? []
  return (
    <>
      <PageHead title="Offline runs">
        {evalId !== undefined && (
          <>
            {named?.state === 'paused' && <span className="tag">paused</span>}
            {named !== undefined && <RunControls of={named} />}
            <Link className="button" to="/evals/$packageName/$name" params={packageAndName(evalId)}>
              {evalId}
            </Link>
            <Link className="button" to="/runs">
              Runs of all evals
            </Link>
          </>
        )}
      </PageHead>
      <section aria-labelledby="runs">
        <h2 id="runs">Runs</h2>
        {pages.error !== null && <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />}
        {pages.isPending && <Loading what="the runs" />}
        {pages.isSuccess && runs.length === 0 && (
          <Empty title={evalId === undefined ? 'No offline eval has run yet' : `${evalId} has not run yet`}>
            <p>
              An offline eval judges a sample of stored traces on its schedule, mostly by a language model. It can be
              asked for at any time too:
            </p>
            <CodeBlock label="Command of a run">{`assay offline run ${evalId ?? 'support/helpful'}`}</CodeBlock>
            <p>
              <Link to="/evals">Evals</Link> lists those that are in force.
            </p>
          </Empty>
        )}
        {runs.length > 0 && (
          <Table caption="Runs, the newest first" columns={COLUMNS} rows={runs} keyOf={({ runId }) => runId} />
        )}
        <OlderRows pages={pages} />
      </section>
      {evalId === undefined && <OfflineEvals />}
    </>
  )
}

const COLUMNS: readonly Column<OfflineRun>[] = [
  {
    head: 'Run',
    kind: 'head',
    className: 'wraps',
    cell: ({ runId, eval: evalId, slot }) => (
      <Link to="/runs/$packageName/$run" params={runParams(runId)}>
        {evalId}{' '}
        <span className="faint">
          of <Time at={slot} />
        </span>
      </Link>
    ),
  },
  { head: 'Begun', className: 'faint', cell: ({ trigger }) => TRIGGERS[trigger] },
  { head: 'State', cell: ({ state }) => <span className={`run-state run-${state}`}>{STATES[state]}</span> },
  { head: 'Progress', cell: (run) => <Progress run={run} /> },
  {
    head: 'Sample',
    kind: 'number',
    cell: ({ sampled, populationTraces }) =>
      sampled === undefined ? '–' : `${formatCount(sampled)} of ${formatCount(populationTraces ?? 0)} traces`,
  },
  { head: 'Verdicts', cell: ({ outcome }) => <VerdictCounts counts={outcome} /> },
  {
    head: 'Over budget',
    kind: 'number',
    cell: ({ outcome }) => (outcome.overBudget === 0 ? '–' : formatCount(outcome.overBudget)),
  },
  { head: 'Spent', kind: 'number', cell: spentText },
  {
    head: 'Actions',
    isHeadHidden: true,
    cell: (run) => canCancel(run) && <CancelRun runId={run.runId} />,
  },
]
