import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api } from '../../data/api.ts'
import { packageAndName } from '../../parts/ids.ts'
import { Loading } from '../../parts/loading.tsx'
import { Explained } from '../../parts/popover.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'

/** What alerts on changes can see of the traffic that there is: of one where it is named, which may be of another kind. */
export function Detectability({ alert: only }: { alert?: string }) {
  const { data, error } = useQuery({
    queryKey: ['detectability'],
    queryFn: ({ signal }) => api.listAlertDetectability(signal),
    staleTime: 300_000,
  })
  if (error !== null) return <ProblemNote error={error} />
  if (data === undefined) return <Loading what="what alerts can see" />
  const shown = data.alerts.filter(({ alert }) => only === undefined || alert === only)
  if (shown.length === 0 && only === undefined) return null
  return (
    <section aria-labelledby="detectability">
      <h2 id="detectability">
        <Explained word="Detectability">
          An alert on changes needs traffic to tell a drop from chance. This says which drop it would see, in how many
          hours, with the false alarms that its file allows.
        </Explained>
      </h2>
      {shown.length === 0 && (
        <p className="faint">
          It compares with what its file says, and not with what was before: it sees whatever crosses that.
        </p>
      )}
      <ul className="alert-states">
        {shown.map(({ alert, rule, isBlind, lines }) => (
          <li key={alert} className={isBlind ? 'alert-state alert-pending' : 'alert-state'}>
            <div className="alert-line">
              {only === undefined && (
                <Link to="/alerts/$packageName/$name" params={packageAndName(alert)}>
                  {alert}
                </Link>
              )}
              <code>{rule}</code>
            </div>
            {lines.map((line) => (
              <p key={line}>{line}</p>
            ))}
          </li>
        ))}
      </ul>
    </section>
  )
}
