import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api } from '../../data/api.ts'
import { formatScore } from '../../parts/format.ts'
import { resultReason } from '../../parts/result-why.tsx'
import { Time } from '../../parts/time.tsx'

const SHOWN = 20

/** The newest, each with why. */
export function Failures({ evalId }: { evalId: string }) {
  const { data } = useQuery({
    queryKey: ['failures', evalId],
    queryFn: ({ signal }) => api.listResults({ eval: evalId, verdict: 'fail', limit: SHOWN }, signal),
    refetchInterval: 10_000,
  })
  if (data === undefined) return null
  return (
    <section aria-labelledby="failures">
      <h2 id="failures">Newest failures</h2>
      {data.results.length === 0 ? (
        <p className="faint">None.</p>
      ) : (
        <div className="table-frame">
          <table className="failures">
            <thead>
              <tr>
                <th scope="col">Judged</th>
                <th scope="col">Trace</th>
                <th scope="col">Agent</th>
                <th scope="col">Why</th>
                <th scope="col" className="number">
                  Score
                </th>
              </tr>
            </thead>
            <tbody>
              {data.results.map((result) => (
                <tr key={`${result.traceId} ${result.spanId ?? ''} ${result.runId ?? ''}`}>
                  <td className="faint">
                    <Time at={result.evaluatedAt} />
                  </td>
                  <td>
                    <Link
                      to="/traces/$traceId"
                      params={{ traceId: result.traceId }}
                      search={result.spanId === undefined ? {} : { span: result.spanId }}
                    >
                      <code>{result.traceId.slice(0, 8)}</code>
                    </Link>
                  </td>
                  <td>{[result.agent?.name, result.agent?.version].filter(Boolean).join(' ')}</td>
                  <td className="why">{resultReason(result)}</td>
                  <td className="number">
                    {result.score === undefined ? '' : formatScore(result.score, result.scoreUnit)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
