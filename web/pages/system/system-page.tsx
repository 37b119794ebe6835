import { useQuery } from '@tanstack/react-query'
import { api } from '../../data/api.ts'
import { formatCount } from '../../parts/format.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Time } from '../../parts/time.tsx'
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
            {counters !== undefined && <Counters counters={counters} />}
          </section>
        ))}
      </div>
    </>
  )
}

/** Those of which there is something; the others are told of, so that nobody looks for them elsewhere. */
function Counters({ counters }: { counters: Readonly<Record<string, number>> }) {
  const all = Object.entries(counters)
  const zeros = all.filter(([, value]) => value === 0)
  return (
    <>
      <dl className="counters">
        {all
          .filter(([, value]) => value !== 0)
          .map(([key, value]) => (
            <div key={key}>
              <dt>{wordsOf(key)}</dt>
              <dd className="number">
                {isTime(key) ? <Time at={new Date(value).toISOString()} /> : formatCount(value)}
              </dd>
            </div>
          ))}
      </dl>
      {zeros.length > 0 && (
        <details className="faint">
          <summary>{zeros.length} at zero</summary>
          {zeros.map(([key]) => wordsOf(key)).join(', ')}
        </details>
      )}
    </>
  )
}

const isTime = (key: string): boolean => /(?:At|UpTo)Ms$/.test(key)

/** `spansReceived`, `judges.calls`: as words. */
const wordsOf = (key: string): string =>
  key
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/[._]/g, ' ')
    .toLowerCase()
    .replace(/ ms$/, '')
