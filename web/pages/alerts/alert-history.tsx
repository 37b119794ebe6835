import { useQuery } from '@tanstack/react-query'
import { api } from '../../data/api.ts'
import { Time } from '../../parts/time.tsx'

const SHOWN = 50

/** What alerts were, the newest first. */
export function AlertHistory() {
  const { data } = useQuery({
    queryKey: ['alerts', 'history'],
    queryFn: ({ signal }) => api.listAlertHistory({ limit: SHOWN }, signal),
    refetchInterval: 10_000,
  })
  if (data === undefined || data.transitions.length === 0) return null
  return (
    <section aria-labelledby="history">
      <h2 id="history">History</h2>
      <div className="table-frame">
        <table>
          <thead>
            <tr>
              <th scope="col">At</th>
              <th scope="col">Alert</th>
              <th scope="col">Became</th>
              <th scope="col">Rule</th>
              <th scope="col" className="number">
                Value
              </th>
            </tr>
          </thead>
          <tbody>
            {data.transitions.map((one) => (
              <tr key={`${one.alert} ${one.at} ${one.state} ${JSON.stringify(one.group)}`}>
                <td className="faint">
                  <Time at={one.at} />
                </td>
                <td>{one.alert}</td>
                <td>
                  {one.state}
                  {one.cause !== 'condition' && <span className="faint"> ({one.cause.replaceAll('_', ' ')})</span>}
                </td>
                <td>
                  <code>{one.rule}</code>
                </td>
                <td className="number">{one.value === null ? '–' : Number(one.value.toPrecision(4))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
