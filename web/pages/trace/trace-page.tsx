import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { ApiProblem } from '../../../client/request.ts'
import { api } from '../../data/api.ts'
import { Empty } from '../../parts/empty.tsx'
import { Loading } from '../../parts/loading.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Conversation } from './conversation.tsx'
import { SpanDetail } from './span-detail.tsx'
import { SpanTree } from './span-tree.tsx'
import { TraceHead } from './trace-head.tsx'
import { type Marks, marksIn, traceOf } from './trace-model.ts'
import './trace.css'

const route = getRouteApi('/traces/$traceId')
/** A trace that is not whole yet grows; one that is long settled does not. */
const POLL_MS = 5_000

export function TracePage() {
  const { traceId } = route.useParams()
  const search = route.useSearch()
  const navigate = useNavigate({ from: '/traces/$traceId' })
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['trace', traceId],
    queryFn: ({ signal }) => api.getTrace(traceId, signal),
    refetchInterval: (query) => (query.state.error === null ? POLL_MS : false),
  })
  const trace = useMemo(() => (data === undefined ? null : traceOf(data)), [data])
  const marks = useMemo((): Marks => (trace === null ? new Map() : marksIn(trace)), [trace])
  if (isPending) return <Loading what="the trace" />
  if (trace === null) {
    if (error instanceof ApiProblem && error.status === 404)
      return (
        <Empty title="There is no such trace">
          <p>
            It may have been erased, be past its retention, or not have arrived yet. <Link to="/">Live</Link> shows what
            comes in.
          </p>
        </Empty>
      )
    return <ProblemNote error={error ?? new Error('the trace is empty')} onRetry={() => refetch()} />
  }
  const selected = trace.rows.find(({ span }) => span.spanId === search.span) ?? trace.rows[0]!
  const select = (span: string): void => {
    navigate({ search: (before) => ({ ...before, span }), replace: true })
  }
  return (
    <>
      <TraceHead trace={trace} />
      <div className="trace">
        {search.view === 'conversation' ? (
          <Conversation trace={trace} marks={marks} selected={selected.span.spanId} onSelect={select} />
        ) : (
          <SpanTree trace={trace} selected={selected.span.spanId} onSelect={select} />
        )}
        <SpanDetail trace={trace} span={selected.span} marks={marks} />
      </div>
    </>
  )
}
