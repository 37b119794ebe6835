import { useQuery } from '@tanstack/react-query'
import { api } from '../../data/api.ts'
import { formatCount } from '../../parts/format.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import './system.css'

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
      <div className="components">
        {health.data?.components.map(({ name, state, detail, counters }) => (
          <section key={name} className="component" aria-labelledby={`component-${name}`}>
            <h2 id={`component-${name}`}>
              {name} <span className={`state state-${state}`}>{state}</span>
            </h2>
            {detail !== undefined && <p>{detail}</p>}
            {counters !== undefined && (
              <dl className="counters">
                {Object.entries(counters).map(([key, value]) => (
                  <div key={key}>
                    <dt>{wordsOf(key)}</dt>
                    <dd className="number">{formatCount(value)}</dd>
                  </div>
                ))}
              </dl>
            )}
          </section>
        ))}
      </div>
    </>
  )
}

/** `spansReceived`, `judges.calls`: as words. */
const wordsOf = (key: string): string =>
  key
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/[._]/g, ' ')
    .toLowerCase()
