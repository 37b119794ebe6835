import { useQuery } from '@tanstack/react-query'
import { api } from '../../data/api.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { DeadLetters } from './dead-letters.tsx'
import { Lags } from './lags.tsx'
import { Part } from './part.tsx'
import { Providers } from './providers.tsx'
import { Usage } from './usage.tsx'
import './system.css'

/** Whether Assay itself works, what it could not use, and what is used of it. */
export function SystemPage() {
  const health = useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => api.getHealth(signal),
    refetchInterval: 5_000,
  })
  return (
    <>
      <PageHead title="System" />
      {health.error !== null && <ProblemNote error={health.error} onRetry={() => health.refetch()} />}
      {health.isPending && <Loading what="the state of its parts" />}
      <section aria-labelledby="parts">
        <h2 id="parts">Parts</h2>
        <div className="components">
          {health.data?.components.map((component) => (
            <Part key={component.name} component={component} />
          ))}
        </div>
      </section>
      <Lags />
      <Providers />
      <DeadLetters />
      <Usage />
    </>
  )
}
