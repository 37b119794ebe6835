import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { api } from '../../data/api.ts'
import { Empty } from '../../parts/empty.tsx'
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
      <dl className="facts">
        <Fact name="Fires when" value={alert.when} />
        <Fact name="Watches" value={alert.on} />
        <Fact name="Severity" value={alert.severity} />
        <Fact
          name="Tells"
          value={alert.notify.map(({ receiver, target }) => `${receiver} ${target}`).join(', ') || 'nobody'}
        />
        <Fact name="Owner" value={alert.owner ?? '–'} />
        <Fact name="Stands in" value={`${alert.file.split('/').slice(-2).join('/')}:${alert.line}`} />
      </dl>
      <section aria-labelledby="now">
        <h2 id="now">Now</h2>
        <AlertStates alert={id} />
      </section>
      <Detectability alert={id} />
      <AlertHistory alert={id} />
    </>
  )
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}
