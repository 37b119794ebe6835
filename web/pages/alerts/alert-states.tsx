import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { AlertStateJson } from '../../../client/api.ts'
import { groupLabels } from '../../../engine/group-text.ts'
import { api } from '../../data/api.ts'
import { formatAgo, formatScore } from '../../parts/format.ts'
import { packageAndName } from '../../parts/ids.ts'
import { Loading } from '../../parts/loading.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Time } from '../../parts/time.tsx'
import { AlertActions } from './alert-actions.tsx'
import { AlertWhy } from './alert-why.tsx'
import { Examples } from './examples.tsx'
import { Investigation } from './investigation.tsx'
import { valueAsOf } from './value-as-of.ts'

const ORDER = ['firing', 'pending', 'resolved', 'inactive']

/** What fires, since when and why, and what can be done about it; of one alert where it is named. */
export function AlertStates({ alert: only }: { alert?: string }) {
  const { data, error, isPending } = useQuery({
    queryKey: ['alerts'],
    queryFn: ({ signal }) => api.listAlerts(signal),
    refetchInterval: 5_000,
  })
  if (error !== null) return <ProblemNote error={error} />
  if (isPending) return <Loading what="what fires" />
  const shown = data.alerts
    .filter(({ alert, state }) => (only === undefined ? state !== 'inactive' : alert === only))
    .toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))
  if (shown.length === 0)
    return <p className="faint all-quiet">{only === undefined ? 'Nothing fires.' : 'It does not fire.'}</p>
  return (
    <ul className="alert-states">
      {shown.map((alert) => (
        <AlertState key={`${alert.alert} ${JSON.stringify(alert.group)}`} alert={alert} isWhole={only !== undefined} />
      ))}
    </ul>
  )
}

/** How long it is as it is; of what is over, how long it fired. */
function Since({ alert: { state, since, at } }: { alert: AlertStateJson }) {
  if (state !== 'resolved')
    return (
      <>
        since <Time at={since} /> ({formatAgo(since, Date.now())})
      </>
    )
  return (
    <>
      fired <Time at={since} />, over since <Time at={at} /> ({formatAgo(at, Date.now())})
    </>
  )
}

function AlertState({ alert, isWhole }: { alert: AlertStateJson; isWhole: boolean }) {
  const groups = groupLabels(alert.group)
  return (
    <li className={`alert-state alert-${alert.state}`}>
      <div className="alert-line">
        <strong>
          {isWhole ? (
            (alert.title ?? alert.alert)
          ) : (
            <Link to="/alerts/$packageName/$name" params={packageAndName(alert.alert)}>
              {alert.title ?? alert.alert}
            </Link>
          )}
        </strong>
        <span className="state-word">{alert.state}</span>
        <span className="faint">
          {alert.severity} · <Since alert={alert} />
        </span>
        {alert.acknowledged !== null && (
          <span className="tag">
            taken on by {alert.acknowledged.by}
            {alert.acknowledged.until !== null && (
              <>
                {' '}
                until <Time at={alert.acknowledged.until} />
              </>
            )}
            {alert.acknowledged.reason !== null && `: ${alert.acknowledged.reason}`}
          </span>
        )}
        {alert.silencedBy.length > 0 && <span className="tag">silenced</span>}
      </div>
      <p>
        <code>{alert.rule}</code>
        {alert.value !== null && (
          <>
            {' '}
            and was <strong className="number">{formatScore(alert.value, alert.unit)}</strong>{' '}
            {valueAsOf(alert.state, 'text')}
          </>
        )}
        {groups.length > 0 && <span className="faint"> for {groups.join(', ')}</span>}
      </p>
      {alert.why !== null &&
        (isWhole ? (
          <AlertWhy why={alert.why} unit={alert.unit} state={alert.state} />
        ) : (
          <details>
            <summary>
              Why
              <span className="only-read"> {alert.alert}</span>
            </summary>
            <AlertWhy why={alert.why} unit={alert.unit} state={alert.state} />
          </details>
        ))}
      {isWhole && alert.investigation !== null && <Investigation investigation={alert.investigation} />}
      <Examples alert={alert} isWhole={isWhole} />
      {alert.state === 'firing' && <AlertActions alert={alert} />}
    </li>
  )
}
