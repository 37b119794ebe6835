import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { api } from '../../data/api.ts'
import { useMay, useSession } from '../../data/session.ts'
import { Empty } from '../../parts/empty.tsx'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Queue } from './queue.tsx'
import { queueOf } from './to-label.ts'
import './label.css'

const route = getRouteApi('/evals/$packageName/$name/label')
const NAME = 'assay-label-by'
/** As many as the API gives at once. */
const LOOKED_AT = 1_000

/** What a judge said waits here for people to say what it should have said, by single keys. */
export function LabelPage() {
  const params = route.useParams()
  const id = `${params.packageName}/${params.name}`
  const { data: session } = useSession()
  const [name, setName] = useState(() => localStorage.getItem(NAME) ?? '')
  const by = nameFor(name, session?.person ?? 'human')
  const allowance = useMay('edit')
  const detail = useQuery({
    queryKey: ['eval', id],
    queryFn: ({ signal }) => api.getEval(params.packageName, params.name, signal),
  })
  const results = useQuery({
    queryKey: ['to-label', id],
    queryFn: ({ signal }) => api.listResults({ eval: id, limit: LOOKED_AT }, signal),
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  })
  // As they were when the page was opened: the queue must not move under whoever works on it.
  const labels = useQuery({
    queryKey: ['labels-before', id],
    queryFn: ({ signal }) => api.listLabels({ eval: id, limit: LOOKED_AT }, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  })
  const queue = useMemo(
    () =>
      results.data === undefined || labels.data === undefined
        ? null
        : queueOf(results.data.results, labels.data.labels, by),
    [results.data, labels.data, by],
  )
  const problem = detail.error ?? results.error ?? labels.error
  return (
    <>
      <PageHead title={`Label ${id}`}>
        <label className="inline">
          As{' '}
          <input
            value={name}
            placeholder={by}
            maxLength={100}
            onChange={(event) => {
              setName(event.target.value)
              localStorage.setItem(NAME, event.target.value)
            }}
          />
        </label>
        <Link className="button" to="/evals/$packageName/$name" params={params}>
          Back to the eval
        </Link>
      </PageHead>
      {problem !== null && <ProblemNote error={problem} />}
      {problem === null && (queue === null || detail.isPending) && <Loading what="what waits for a label" />}
      {allowance.why !== undefined && <p role="note">{allowance.why}</p>}
      {queue !== null && detail.data !== undefined && queue.length === 0 && (
        <Empty title="Nothing waits for a label">
          <p>
            What this eval's judge decided shows up here, one subject after the other, until you have labelled it.
            Labels tell how far the judge can be trusted, and correct its pass rate. The next run brings more.
          </p>
        </Empty>
      )}
      {queue !== null && detail.data !== undefined && queue.length > 0 && (
        <Queue key={by} detail={detail.data} queue={queue} by={by} isAllowed={allowance.isAllowed} />
      )}
    </>
  )
}

/** As the API takes names. */
function nameFor(typed: string, otherwise: string): string {
  const cleaned = typed.trim().replaceAll(/[^\w.@+-]+/g, '-')
  return cleaned === '' ? otherwise : cleaned
}
