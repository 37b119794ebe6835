import { useInfiniteQuery } from '@tanstack/react-query'
import type { Result } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { Loading } from '../../parts/loading.tsx'
import { OlderRows } from '../../parts/older-rows.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Verdict } from '../../parts/verdict.tsx'
import { JUDGED_COLUMNS } from '../evals/judged-columns.tsx'
import '../evals/evals.css'

const SHOWN = 20

/** What the run said of each subject, the newest first. */
export function RunResults({ runId }: { runId: string }) {
  const pages = useInfiniteQuery({
    queryKey: ['run-results', runId],
    queryFn: ({ pageParam, signal }) => api.listResults({ run: runId, limit: SHOWN, after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    refetchInterval: 10_000,
  })
  const results = pages.data?.pages.flatMap((page) => page.results) ?? []
  return (
    <section aria-labelledby="results">
      <h2 id="results">Results</h2>
      {pages.error !== null && <ProblemNote error={pages.error} />}
      {pages.isPending && <Loading what="its results" />}
      {pages.isSuccess && results.length === 0 && (
        <p className="faint">None yet: each subject that it judges has a row here.</p>
      )}
      {results.length > 0 && (
        <Table
          caption="Results of the run, the newest first"
          className="results-table"
          columns={COLUMNS}
          rows={results}
          keyOf={({ traceId, spanId = '' }) => `${traceId} ${spanId}`}
        />
      )}
      <OlderRows pages={pages} />
    </section>
  )
}

const COLUMNS: readonly Column<Result>[] = [
  { head: 'Verdict', cell: ({ verdict }) => <Verdict verdict={verdict} /> },
  ...JUDGED_COLUMNS,
]
