import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Eval } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { Empty } from '../../parts/empty.tsx'
import { formatCount, formatShare } from '../../parts/format.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { VerdictBar } from '../../parts/verdict.tsx'
import { evalParams } from './eval-id.ts'
import './evals.css'

export function EvalsPage() {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['evals'],
    queryFn: ({ signal }) => api.listEvals(signal),
    refetchInterval: 10_000,
  })
  return (
    <>
      <PageHead title="Evals">
        {data !== undefined && (
          <span className="faint">
            definitions <code>{data.hash.slice(0, 12)}</code>
          </span>
        )}
      </PageHead>
      {error !== null && <ProblemNote error={error} onRetry={() => refetch()} />}
      {isPending && <Loading what="the definitions" />}
      {data?.diagnostics.map(({ code, message, file, line, severity }) => (
        <p key={`${file} ${line} ${code}`} className={`diagnostic diagnostic-${severity}`}>
          <code>
            {file}:{line}
          </code>{' '}
          {code}: {message}
        </p>
      ))}
      {data !== undefined && data.evals.length === 0 && (
        <Empty title="No evals are in force">
          <p>
            An eval is a rule in a <code>.eval</code> file beside your agent's code. <code>assay init</code> writes the
            first; <code>assay push</code> puts files in force here.
          </p>
        </Empty>
      )}
      {data !== undefined && data.evals.length > 0 && <EvalsTable evals={data.evals} />}
    </>
  )
}

function EvalsTable({ evals }: { evals: readonly Eval[] }) {
  return (
    <div className="table-frame">
      <table>
        <caption className="only-read">Evals in force, with what they found</caption>
        <thead>
          <tr>
            <th scope="col">Eval</th>
            <th scope="col">Judges</th>
            <th scope="col">When</th>
            <th scope="col" className="number">
              Pass rate
            </th>
            <th scope="col">Verdicts</th>
            <th scope="col" className="number">
              Failed
            </th>
            <th scope="col" className="number">
              Judged
            </th>
            <th scope="col" className="number">
              Coverage
            </th>
            <th scope="col">Owner</th>
          </tr>
        </thead>
        <tbody>
          {evals.map((one) => (
            <tr key={one.id}>
              <th scope="row" className="eval-name">
                <Link to="/evals/$packageName/$name" params={evalParams(one.id)}>
                  {one.id}
                </Link>
                {one.mode === 'shadow' && <span className="tag">shadow</span>}
                <span className="faint">{one.note ?? one.title ?? ''}</span>
              </th>
              <td>{one.subject.replaceAll('_', ' ')}</td>
              <td>{typeof one.when === 'string' ? `at ${one.when}` : one.when.cron}</td>
              <td className="number">{one.passRate === null ? '–' : formatShare(one.passRate)}</td>
              <td>
                <VerdictBar counts={one.verdicts} />
              </td>
              <td className="number">{formatCount(one.verdicts.fail)}</td>
              <td className="number">{formatCount(one.matched)}</td>
              <td className="number">{one.coverage === null ? '–' : formatShare(one.coverage)}</td>
              <td className="faint">{one.owner ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
