import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useMemo } from 'react'
import { api } from '../../data/api.ts'
import { Loading } from '../../parts/loading.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Conversation } from '../trace/conversation.tsx'
import { Documents } from '../trace/documents.tsx'
import { MarkedText } from '../trace/marked-text.tsx'
import { type Marks, traceOf } from '../trace/trace-model.ts'
import type { Decided } from './to-label.ts'
import '../trace/trace.css'

const traceQuery = (traceId: string) => ({
  queryKey: ['trace', traceId],
  queryFn: ({ signal }: { signal: AbortSignal }) => api.getTrace(traceId, signal),
  staleTime: 60_000,
})

/** Marks tell what other verdicts matched. */
const NO_MARKS: Marks = new Map()

/** What is to be judged, as the trace has it; no verdict of anybody is in it. The next one is read meanwhile. */
export function Subject({ result, next }: { result: Decided; next: Decided | undefined }) {
  const queries = useQueryClient()
  const { data, error } = useQuery(traceQuery(result.traceId))
  const nextId = next?.traceId
  useEffect(() => {
    if (nextId !== undefined) void queries.prefetchQuery(traceQuery(nextId))
  }, [queries, nextId])
  const trace = useMemo(() => (data === undefined ? null : traceOf(data)), [data])
  if (error !== null) return <ProblemNote error={error} />
  if (trace === null) return <Loading what="what is to be judged" />
  const span = trace.rows.find((row) => row.span.spanId === result.spanId)?.span ?? trace.rows[0]!.span
  const texts = [
    ['Input', span.input?.text],
    ['Query', span.retrieval?.query],
    ['Arguments', span.tool?.arguments],
    ['Output', span.output?.text],
    ['Result', span.tool?.result],
  ].filter((pair): pair is [string, string] => pair[1] !== undefined)
  return (
    <article className="detail label-subject" aria-label="To be judged">
      {texts.length === 0 && <p className="faint">No text of it was captured.</p>}
      {texts.map(([name, text]) => (
        <section key={name}>
          <h3>{name}</h3>
          <MarkedText text={text} marks={[]} />
        </section>
      ))}
      {span.retrieval?.documents !== undefined && (
        <Documents
          trace={{ ...trace, results: [] }}
          span={{ ...span, results: [] }}
          documents={span.retrieval.documents}
          marks={[]}
        />
      )}
      <details>
        <summary>The whole conversation</summary>
        <Conversation trace={trace} marks={NO_MARKS} selected="" onSelect={() => {}} />
      </details>
      <p>
        <Link to="/traces/$traceId" params={{ traceId: result.traceId }} target="_blank">
          Open the trace
        </Link>{' '}
        <span className="faint">in another tab; the verdicts are on it</span>
      </p>
    </article>
  )
}
