import { Link } from '@tanstack/react-router'
import type { TraceSummary, Verdict as VerdictName } from '../../../client/api.ts'
import { formatShare } from '../../parts/format.ts'
import { type Counts, Verdict, VerdictBar, VerdictCounts } from '../../parts/verdict.tsx'
import type { Judged } from './protocol.ts'

const ORDER: readonly VerdictName[] = ['fail', 'error', 'unknown', 'pass']
const SHOWN = 200

/** What the evals say of the traces: by eval, then each verdict, the gravest first. */
export function Outcome({
  judged,
  notRun,
  traces,
}: {
  judged: readonly Judged[]
  notRun: readonly string[]
  traces: readonly TraceSummary[]
}) {
  const byEval = Map.groupBy(judged, ({ evalId }) => evalId)
  const sorted = judged.toSorted(
    (a, b) =>
      Number(b.was !== undefined) - Number(a.was !== undefined) || ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict),
  )
  const said = new Map(traces.map(({ traceId, input, name }) => [traceId, input ?? name]))
  const flips = judged.filter(({ was }) => was !== undefined).length
  return (
    <>
      <p className="faint">
        {traces.length} traces, {judged.length} verdicts{flips > 0 && `, ${flips} other than the stored ones`}.
        {notRun.length > 0 && ` Offline evals ask judges and were not run: ${notRun.join(', ')}.`}
      </p>
      <ul className="by-eval">
        {[...byEval].map(([evalId, own]) => (
          <li key={evalId}>
            <strong>{evalId}</strong> <VerdictBar counts={countsOf(own)} /> <VerdictCounts counts={countsOf(own)} />
            <span className="number">{rateOf(countsOf(own))}</span>
          </li>
        ))}
      </ul>
      {judged.length === 0 && <p>None of these traces is in a scope of these evals.</p>}
      {sorted.length > 0 && (
        <div className="table-frame">
          <table>
            <thead>
              <tr>
                <th scope="col">Verdict</th>
                <th scope="col">Eval</th>
                <th scope="col">Trace</th>
                <th scope="col">Why</th>
              </tr>
            </thead>
            <tbody>
              {sorted.slice(0, SHOWN).map((one) => (
                <tr key={`${one.evalId} ${one.traceId} ${one.spanId}`}>
                  <td>
                    <Verdict verdict={one.verdict} />
                    {one.was !== undefined && <span className="tag">was {one.was}</span>}
                  </td>
                  <td>{one.evalId.split('/')[1]}</td>
                  <td className="said-of">
                    <Link
                      to="/traces/$traceId"
                      params={{ traceId: one.traceId }}
                      search={one.spanId === '' ? {} : { span: one.spanId }}
                    >
                      {said.get(one.traceId)}
                    </Link>
                  </td>
                  <td>{one.why}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  )
}

function countsOf(judged: readonly Judged[]): Counts {
  const counts = { pass: 0, fail: 0, unknown: 0, error: 0 }
  for (const { verdict } of judged) counts[verdict]++
  return counts
}

const rateOf = ({ pass, fail }: Counts): string => (pass + fail === 0 ? '' : formatShare(pass / (pass + fail)))
