import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api } from '../../data/api.ts'
import { formatScore } from '../../parts/format.ts'
import { packageAndName } from '../../parts/ids.ts'
import { OlderRows } from '../../parts/older-rows.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'

const SHOWN = 50

/** What alerts were, the newest first; of one where it is named. */
export function AlertHistory({ alert }: { alert?: string }) {
  const pages = useInfiniteQuery({
    queryKey: ['alerts', 'history', alert],
    queryFn: ({ pageParam, signal }) => api.listAlertHistory({ limit: SHOWN, alert, after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    refetchInterval: 10_000,
  })
  if (pages.error !== null) return <ProblemNote error={pages.error} />
  if (pages.data === undefined) return null
  const transitions = pages.data.pages.flatMap((page) => page.transitions)
  return (
    <section aria-labelledby="history">
      <h2 id="history">History</h2>
      {transitions.length === 0 ? (
        <p className="faint">It has not changed yet: each time it fires and ends is written down here.</p>
      ) : (
        <Table
          caption="What alerts were, the newest first"
          columns={[
            { head: 'At', className: 'faint', cell: ({ at }) => <Time at={at} /> },
            alert === undefined && {
              head: 'Alert',
              cell: (one) => (
                <Link to="/alerts/$packageName/$name" params={packageAndName(one.alert)}>
                  {one.alert}
                </Link>
              ),
            },
            {
              head: 'Became',
              cell: ({ state, cause, group, accepted }) => (
                <>
                  {state}
                  {cause !== 'condition' && <span className="faint"> ({cause.replaceAll('_', ' ')})</span>}
                  <span className="faint"> {Object.values(group).join(', ')}</span>
                  {accepted !== null && (
                    <div className="faint">
                      accepted by {accepted.by}
                      {accepted.reason !== null && `: ${accepted.reason}`}
                    </div>
                  )}
                </>
              ),
            },
            { head: 'Rule', cell: ({ rule }) => <code>{rule}</code> },
            {
              head: 'Value',
              kind: 'number',
              cell: ({ value, unit }) => (value === null ? '–' : formatScore(value, unit)),
            },
          ]}
          rows={transitions}
          keyOf={(one) => `${one.alert} ${one.at} ${one.state} ${JSON.stringify(one.group)}`}
        />
      )}
      <OlderRows pages={pages} />
    </section>
  )
}
