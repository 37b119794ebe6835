import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { EvalFlipsResponse } from '../../../client/api.ts'
import { ApiProblem } from '../../../client/request.ts'
import { api } from '../../data/api.ts'
import { packageAndName } from '../../parts/ids.ts'
import { Loading } from '../../parts/loading.tsx'
import { OlderRows } from '../../parts/older-rows.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Table } from '../../parts/table.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { Time } from '../../parts/time.tsx'
import { Verdict } from '../../parts/verdict.tsx'
import { JUDGED_COLUMNS, SubjectLink } from './judged-columns.tsx'

const SHOWN = 20

/** Single results worth a look: the newest failures, the worst, what is undecided, and what came out otherwise than before. */
export function EvalResults({ evalId }: { evalId: string }) {
  const [shown, setShown] = useState('newest')
  return (
    <section aria-labelledby="results">
      <h2 id="results">Results</h2>
      <Tabs
        label="Which results"
        shown={shown}
        onShow={setShown}
        tabs={[
          { id: 'newest', label: 'Newest failures', content: () => <Judged evalId={evalId} verdict="fail" /> },
          {
            id: 'worst',
            label: 'Worst failures',
            content: () => <Judged evalId={evalId} verdict="fail" order="worst" />,
          },
          { id: 'error', label: 'Errors', content: () => <Judged evalId={evalId} verdict="error" /> },
          { id: 'unknown', label: 'Unknown', content: () => <Judged evalId={evalId} verdict="unknown" /> },
          { id: 'flips', label: 'Flips', content: () => <Flips evalId={evalId} /> },
        ]}
      />
    </section>
  )
}

const OF_VERDICT = {
  fail: { caption: 'Failures', none: 'None: nothing that is stored fails this eval.' },
  error: { caption: 'Errors', none: 'None: nothing that is stored could not be judged.' },
  unknown: { caption: 'Unknown', none: 'None: nothing that is stored was left undecided.' },
} as const

interface JudgedProps {
  evalId: string
  verdict: keyof typeof OF_VERDICT
  order?: 'newest' | 'worst'
}

function Judged({ evalId, verdict, order = 'newest' }: JudgedProps) {
  const pages = useInfiniteQuery({
    queryKey: ['judged', evalId, verdict, order],
    queryFn: ({ pageParam, signal }) =>
      api.listResults({ eval: evalId, verdict, order, limit: SHOWN, after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    refetchInterval: 10_000,
  })
  const { error } = pages
  if (error instanceof ApiProblem && error.status === 422)
    return (
      <p className="faint">
        Worst by what? This eval has no <code>score:</code> that its <code>pass:</code> compares with a limit, so that
        all of its failures fail alike.
      </p>
    )
  if (error !== null) return <ProblemNote error={error} />
  if (pages.data === undefined) return <Loading what="results" />
  const { caption, none } = OF_VERDICT[verdict]
  const results = pages.data.pages.flatMap((page) => page.results)
  if (results.length === 0) return <p className="faint">{none}</p>
  return (
    <>
      <Table
        caption={`${caption}, the ${order} first`}
        className="results-table"
        columns={JUDGED_COLUMNS}
        rows={results}
        keyOf={({ traceId, spanId = '', runId = '' }) => `${traceId} ${spanId} ${runId}`}
      />
      <OlderRows pages={pages} label={order === 'newest' ? 'Show older ones' : 'Show the next worst'} />
    </>
  )
}

type Flip = EvalFlipsResponse['flips'][number]

const BECAUSE: Readonly<Record<Flip['because'], string>> = {
  definition: 'its definition changed',
  judged_again: 'its judge was asked again',
  revision: 'more of the trace came',
}

/** Subjects on which it said one thing and then another. */
function Flips({ evalId }: { evalId: string }) {
  const { packageName, name } = packageAndName(evalId)
  const { data, error, isPending } = useQuery({
    queryKey: ['flips', evalId],
    queryFn: ({ signal }) => api.listFlips(packageName, name, { since: '30d' }, signal),
    refetchInterval: 30_000,
  })
  if (error !== null) return <ProblemNote error={error} />
  if (isPending) return <Loading what="flips" />
  if (data.flips.length === 0)
    return (
      <p className="faint">
        None in 30 days: no subject got another verdict than before, by a changed definition, a judge that was asked
        again, or a trace that grew.
      </p>
    )
  return (
    <Table
      caption="Subjects whose verdict changed, the newest first"
      columns={[
        { head: 'Changed', className: 'faint', cell: ({ now }) => <Time at={now.at} /> },
        {
          head: 'Trace',
          kind: 'head',
          cell: ({ traceId, spanId }) => <SubjectLink traceId={traceId} spanId={spanId} />,
        },
        { head: 'Before', cell: ({ before }) => <Verdict verdict={before.verdict} /> },
        { head: 'Now', cell: ({ now }) => <Verdict verdict={now.verdict} /> },
        { head: 'Because', cell: ({ because }) => BECAUSE[because] },
      ]}
      rows={data.flips}
      keyOf={({ traceId, spanId = '' }) => `${traceId} ${spanId}`}
    />
  )
}
