import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Alert } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Empty } from '../../parts/empty.tsx'
import { packageAndName } from '../../parts/ids.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { AlertHistory } from './alert-history.tsx'
import { AlertStates } from './alert-states.tsx'
import { Detectability } from './detectability.tsx'
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
      <Silences known={data?.alerts.map(({ id }) => id) ?? []} />
      {data !== undefined && data.alerts.length > 0 && (
        <section aria-labelledby="in-force">
          <h2 id="in-force">In force</h2>
          <Table caption="Alerts in force" columns={COLUMNS} rows={data.alerts} keyOf={({ id }) => id} />
        </section>
      )}
      <Detectability />
      <AlertHistory />
    </>
  )
}

const COLUMNS: readonly Column<Alert>[] = [
  {
    head: 'Alert',
    kind: 'head',
    cell: (alert) => (
      <>
        <Link to="/alerts/$packageName/$name" params={packageAndName(alert.id)}>
          {alert.id}
        </Link>
        {alert.mode === 'shadow' && <span className="tag">shadow</span>}
        <div className="faint">{alert.note ?? alert.title ?? ''}</div>
      </>
    ),
  },
  {
    head: 'Watches',
    cell: ({ on }) =>
      on.includes('/') ? (
        <Link to="/evals/$packageName/$name" params={packageAndName(on)}>
          {on}
        </Link>
      ) : (
        on
      ),
  },
  {
    head: 'Fires when',
    cell: ({ when, by }) => (
      <>
        <code>{when}</code>
        {by.length > 0 && <div className="faint">for each {by.join(', ')}</div>}
      </>
    ),
  },
  { head: 'Severity', cell: ({ severity }) => severity },
  {
    head: 'Tells',
    cell: ({ notify }) =>
      notify.length === 0
        ? '–'
        : notify.map(({ receiver, target, lacks }) => (
            <div key={`${receiver} ${target}`}>
              {receiver} {target}
              {lacks !== undefined && <div className="unconfigured">not configured, so nobody is told: {lacks}</div>}
            </div>
          )),
  },
  { head: 'Owner', className: 'faint', cell: ({ owner }) => owner ?? '' },
]

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
