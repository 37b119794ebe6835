import { useQuery } from '@tanstack/react-query'
import { api } from '../../data/api.ts'
import { useMay } from '../../data/session.ts'
import { formatCount } from '../../parts/format.ts'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Table } from '../../parts/table.tsx'
import { lagsOf } from './lag-model.ts'
import { partWords } from './part-words.ts'

/** How far each reader of the log is behind. It is of all tenants: for whoever runs Assay. */
export function Lags() {
  const { isAllowed } = useMay('operate')
  const { data, error } = useQuery({
    queryKey: ['metrics'],
    queryFn: ({ signal }) => api.getMetrics(signal),
    refetchInterval: 10_000,
    enabled: isAllowed,
  })
  if (!isAllowed) return null
  const lags = lagsOf(data ?? '')
  return (
    <section aria-labelledby="lag">
      <h2 id="lag">Lag</h2>
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
