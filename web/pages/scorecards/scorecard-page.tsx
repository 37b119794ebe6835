import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { ApiProblem } from '../../../client/request.ts'
import type { Scorecard } from '../../../engine/scorecard/scorecard-json.ts'
import { api } from '../../data/api.ts'
import { Empty } from '../../parts/empty.tsx'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Time } from '../../parts/time.tsx'
import { Card } from './card.tsx'
import './scorecards.css'

const route = getRouteApi('/scorecards/$packageName/$name')
const SHOWN = 100

/** One scorecard as of now, and each time that it was posted as it was then. */
export function ScorecardPage() {
  const { packageName, name } = route.useParams()
  const { slot } = route.useSearch()
  const id = `${packageName}/${name}`
  const history = useQuery({
    queryKey: ['scorecard-history', id],
    queryFn: ({ signal }) => api.listPostedScorecards(packageName, name, { limit: SHOWN }, signal),
  })
  const shown = useQuery({
    queryKey: ['scorecard', id, slot],
    queryFn: async ({ signal }) =>
      slot === undefined
        ? await api.getScorecard(packageName, name, signal)
        : (await api.getPostedScorecard(packageName, name, slot, signal)).scorecard,
  })
  const posted = history.data?.posted ?? []
  const rendered = `/v1/scorecards/${packageName}/${name}/rendered?${new URLSearchParams(slot === undefined ? {} : { slot })}`
  if (shown.error instanceof ApiProblem && shown.error.status === 404)
    return (
      <Empty title={slot === undefined ? `There is no scorecard ${id} in force` : 'It was not posted then'}>
        <p>
          <Link to="/scorecards">Scorecards</Link> lists those in force.
        </p>
      </Empty>
    )
  return (
    <>
      <PageHead title={id}>
        <a className="button" href={`${rendered}&format=png`} target="_blank" rel="noreferrer">
          As a picture
        </a>
        <a className="button" href={`${rendered}&format=markdown`} target="_blank" rel="noreferrer">
          As Markdown
        </a>
      </PageHead>
      <div className="scorecard">
        <nav aria-label="When it was posted">
          <h2>Posted</h2>
          <ul>
            <li>
              <Link
                to="/scorecards/$packageName/$name"
                params={{ packageName, name }}
                activeOptions={{ exact: true, includeSearch: true }}
              >
                As of now
              </Link>
            </li>
            {posted.map((one) => (
              <li key={one.slot}>
                <Link
                  to="/scorecards/$packageName/$name"
                  params={{ packageName, name }}
                  search={{ slot: one.slot }}
                  activeOptions={{ exact: true, includeSearch: true }}
                  title={one.receivers.join(', ')}
                >
                  <Time at={one.slot} />
                </Link>
              </li>
            ))}
          </ul>
          {history.data !== undefined && posted.length === 0 && (
            <p className="faint">Not yet: each time it is posted is kept here.</p>
          )}
        </nav>
        <div>
          {(shown.error ?? history.error) !== null && <ProblemNote error={(shown.error ?? history.error)!} />}
          {shown.isPending && <Loading what="the scorecard" />}
          {/* Its form is the engine's; the API's description leaves units open. */}
          {shown.data !== undefined && <Card scorecard={shown.data as unknown as Scorecard} />}
        </div>
      </div>
    </>
  )
}
