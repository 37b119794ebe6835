import { useQuery } from '@tanstack/react-query'
import { api } from '../../data/api.ts'
import { useMay } from '../../data/session.ts'
import { formatCount } from '../../parts/format.ts'
import { Loading } from '../../parts/loading.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Table } from '../../parts/table.tsx'
import { lagsOf } from './lag-model.ts'
import { partWords } from './part-words.ts'

/** How far each reader of the log is behind. It is of all tenants: for whoever runs Assay. */
export function Lags() {
  const { isAllowed, why } = useMay('operate')
  const { data, error } = useQuery({
    queryKey: ['metrics'],
    queryFn: ({ signal }) => api.getMetrics(signal),
    refetchInterval: 10_000,
    enabled: isAllowed,
  })
  const lags = lagsOf(data ?? '')
  return (
    <section aria-labelledby="lag">
      <h2 id="lag">Lag</h2>
      {why !== undefined && (
        <p className="faint">How far readers of the log are behind is told of all tenants together. {why}</p>
      )}
      {isAllowed && error === null && data === undefined && <Loading what="how far they are behind" />}
      {error !== null && <ProblemNote error={error} />}
      {data !== undefined && lags.length === 0 && <p className="faint">Nobody reads the log here.</p>}
      {lags.length > 0 && (
        <Table
          caption="How far readers of the log are behind"
          columns={[
            { head: 'Reader', kind: 'head', cell: ({ group }) => partWords(group).title },
            { head: 'Of', cell: ({ topic }) => <code>{topic}</code> },
            {
              head: 'Behind',
              kind: 'number',
              cell: ({ records }) => (records === 0 ? 'up to date' : `${formatCount(records)} records`),
            },
          ]}
          rows={lags}
          keyOf={({ group, topic }) => `${group} ${topic}`}
        />
      )}
    </section>
  )
}
