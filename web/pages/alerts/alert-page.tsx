import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { api } from '../../data/api.ts'
import { Empty } from '../../parts/empty.tsx'
import { Fact, Facts } from '../../parts/facts.tsx'
import { packageAndName } from '../../parts/ids.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { AlertHistory } from './alert-history.tsx'
import { AlertStates } from './alert-states.tsx'
import { Detectability } from './detectability.tsx'
import './alerts.css'

const route = getRouteApi('/alerts/$packageName/$name')

/** One alert: what it is now and why, what it was, and what it can see at all. */
export function AlertPage() {
  const { packageName, name } = route.useParams()
  const id = `${packageName}/${name}`
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['evals'],
    queryFn: ({ signal }) => api.listEvals(signal),
  })
  if (isPending) return <Loading what="the alert" />
  if (error !== null) return <ProblemNote error={error} onRetry={() => refetch()} />
  const alert = data.alerts.find((one) => one.id === id)
  if (alert === undefined)
    return (
      <Empty title={`There is no alert ${id} in force`}>
        <p>
          It may have been renamed or taken out. <Link to="/alerts">Alerts</Link> lists those in force.
        </p>
      </Empty>
    )
  return (
    <>
      <PageHead title={id}>
        {alert.mode === 'shadow' && <span className="tag">shadow</span>}
        {alert.on.includes('/') && (
          <Link className="button" to="/evals/$packageName/$name" params={packageAndName(alert.on)}>
            {alert.on}
          </Link>
        )}
      </PageHead>
      {alert.title !== null && <p className="alert-title">{alert.title}</p>}
      <Facts>
        <Fact name="Fires when">{alert.when}</Fact>
        <Fact name="Watches">{alert.on}</Fact>
        <Fact name="For each">{alert.by.join(', ')}</Fact>
        <Fact name="Severity">{alert.severity}</Fact>
        <Fact name="Tells">
          {alert.notify.map(({ receiver, target }) => `${receiver} ${target}`).join(', ') || 'nobody'}
        </Fact>
        <Fact name="Owner">{alert.owner ?? '–'}</Fact>
        <Fact name="Stands in">{`${alert.file.split('/').slice(-2).join('/')}:${alert.line}`}</Fact>
      </Facts>
      <section aria-labelledby="now">
        <h2 id="now">Now</h2>
        <AlertStates alert={id} />
      </section>
      <Detectability alert={id} />
      <AlertHistory alert={id} />
    </>
  )
}
