import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../data/api.ts'
import { MayButton } from '../../parts/may-button.tsx'
import { Time } from '../../parts/time.tsx'
import { matchersText } from './matchers-text.ts'

/** Those that are in force or will be. */
export function Silences() {
  const queries = useQueryClient()
  const { data } = useQuery({ queryKey: ['silences'], queryFn: ({ signal }) => api.listSilences(signal) })
  const end = useMutation({
    mutationFn: (id: string) => api.expireSilence(id, {}),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['silences'] })
      await queries.invalidateQueries({ queryKey: ['alerts'] })
    },
  })
  const silences = data?.silences.filter(({ state }) => state !== 'expired') ?? []
  if (silences.length === 0) return null
  return (
    <section aria-labelledby="silences">
      <h2 id="silences">Silences</h2>
      <div className="table-frame">
        <table>
          <thead>
            <tr>
              <th scope="col">Matches</th>
              <th scope="col">Until</th>
              <th scope="col">Because</th>
              <th scope="col">By</th>
              <th scope="col">
                <span className="only-read">What can be done</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {silences.map((one) => (
              <tr key={one.id}>
                <td>
                  <code>{matchersText(one.matchers)}</code>
                </td>
                <td>
                  <Time at={one.until} />
                </td>
                <td>{one.reason}</td>
                <td className="faint">{one.by}</td>
                <td>
                  <MayButton needs="edit" disabled={end.isPending} onClick={() => end.mutate(one.id)}>
                    End it
                  </MayButton>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
