import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ApiProblem } from '../../../client/request.ts'
import { api } from '../../data/api.ts'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'

const LEVELS = {
  normal: 'Every judge is asked as its eval says.',
  failover: 'Some providers are out: their evals go on with fallbacks.',
  cache_only: 'All providers are out: only what was asked before is answered.',
  no_provider: 'No provider is configured: evals with a judge do not run, but for those that have a proxy.',
} as const

const BREAKERS = { closed: 'takes calls', open: 'takes none', half_open: 'is tried again' } as const

/** Who judges, and who is out. */
export function Providers() {
  const { data, error } = useQuery({
    queryKey: ['judges'],
    queryFn: ({ signal }) => api.getJudging(signal),
    refetchInterval: 10_000,
    retry: false,
  })
  const runsNone = error instanceof ApiProblem && error.status === 503
  return (
    <section aria-labelledby="providers">
      <div className="section-head">
        <h2 id="providers">Judge providers</h2>
        <Link to="/runs">Offline runs</Link>
      </div>
      {runsNone && <p className="faint">No offline evals run here.</p>}
      {error !== null && !runsNone && <ProblemNote error={error} />}
      {data !== undefined && (
        <>
          <p className="judging">
            {LEVELS[data.level]}
            {!data.shared && ' Instances do not share what they know of them at the moment.'}
          </p>
          {data.providers.length > 0 && (
            <Table
              caption="Providers of judges"
              columns={[
                { head: 'Provider', kind: 'head', cell: ({ name }) => name },
                { head: 'State', cell: ({ breaker }) => BREAKERS[breaker] },
                { head: 'Out since', cell: ({ outSince }) => (outSince === undefined ? '–' : <Time at={outSince} />) },
                {
                  head: 'Last failure',
                  cell: ({ lastFailure }) =>
                    lastFailure === undefined ? (
                      '–'
                    ) : (
                      <>
                        <Time at={lastFailure.at} /> <span className="faint">{lastFailure.detail}</span>
                      </>
                    ),
                },
              ]}
              rows={data.providers}
              keyOf={({ name }) => name}
            />
          )}
        </>
      )}
    </section>
  )
}
