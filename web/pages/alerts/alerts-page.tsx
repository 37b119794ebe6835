import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api } from '../../data/api.ts'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { evalParams } from '../evals/eval-id.ts'
import { AlertHistory } from './alert-history.tsx'
import { AlertStates } from './alert-states.tsx'
import { Silences } from './silences.tsx'
import './alerts.css'

export function AlertsPage() {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['evals'],
    queryFn: ({ signal }) => api.listEvals(signal),
    refetchInterval: 10_000,
  })
  return (
    <>
      <PageHead title="Alerts" />
      {error !== null && <ProblemNote error={error} onRetry={() => refetch()} />}
      {isPending && <Loading what="the alerts" />}
      {data?.alerts.length === 0 && <NoAlerts />}
      {data !== undefined && data.alerts.length > 0 && <AlertStates />}
      <Silences />
      {data !== undefined && data.alerts.length > 0 && (
        <section aria-labelledby="in-force">
          <h2 id="in-force">In force</h2>
          <div className="table-frame">
            <table>
              <caption className="only-read">Alerts in force</caption>
              <thead>
                <tr>
                  <th scope="col">Alert</th>
                  <th scope="col">Watches</th>
                  <th scope="col">Fires when</th>
                  <th scope="col">Severity</th>
                  <th scope="col">Tells</th>
                  <th scope="col">Owner</th>
                </tr>
              </thead>
              <tbody>
                {data.alerts.map((alert) => (
                  <tr key={alert.id}>
                    <th scope="row">
                      {alert.id}
                      {alert.mode === 'shadow' && <span className="tag">shadow</span>}
                      <div className="faint">{alert.note ?? alert.title ?? ''}</div>
                    </th>
                    <td>
                      {alert.on.includes('/') ? (
                        <Link to="/evals/$packageName/$name" params={evalParams(alert.on)}>
                          {alert.on}
                        </Link>
                      ) : (
                        alert.on
                      )}
                    </td>
                    <td>
                      <code>{alert.when}</code>
                    </td>
                    <td>{alert.severity}</td>
                    <td>{alert.notify.map(({ receiver, target }) => `${receiver} ${target}`).join(', ') || '–'}</td>
                    <td className="faint">{alert.owner ?? ''}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
      <AlertHistory />
    </>
  )
}

function NoAlerts() {
  return (
    <Empty title="No alerts are in force">
      <p>An alert watches an eval and tells people when its verdicts go wrong. Beside an eval in its file:</p>
      <CodeBlock label="An alert">{`alert pii_leak {
  on:       no_pii
  when:     count(fail) >= 1 over 10m
  severity: page
  notify:   slack("#support-alerts")
}`}</CodeBlock>
    </Empty>
  )
}
