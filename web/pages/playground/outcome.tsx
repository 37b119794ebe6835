import { Link } from '@tanstack/react-router'
import type { TraceSummary, Verdict as VerdictName } from '../../../client/api.ts'
import { formatScore, formatShare } from '../../parts/format.ts'
import { Table } from '../../parts/table.tsx'
import { type Counts, Verdict, VerdictBar, VerdictCounts } from '../../parts/verdict.tsx'
import { keyOf } from './judged-key.ts'
import type { Judged } from './protocol.ts'

const ORDER: readonly VerdictName[] = ['fail', 'error', 'unknown', 'pass']
const SHOWN = 200

/** What the evals say of the traces: by eval, then each verdict, the gravest first. */
export function Outcome({
  judged,
  notRun,
  traces,
  before,
}: {
  judged: readonly Judged[]
  notRun: readonly string[]
  traces: readonly TraceSummary[]
  /** What the text said when it was run by hand last. */
  before: ReadonlyMap<string, VerdictName>
}) {
  const flipOf = (one: Judged): string | null => {
    const earlier = before.get(keyOf(one))
    if (earlier !== undefined && earlier !== one.verdict) return `${earlier} before this edit`
    return one.was === undefined ? null : `${one.was} in force`
  }
  const byEval = Map.groupBy(judged, ({ evalId }) => evalId)
  const sorted = judged.toSorted(
    (a, b) =>
      Number(flipOf(b) !== null) - Number(flipOf(a) !== null) || ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict),
  )
  const said = new Map(traces.map(({ traceId, input, name }) => [traceId, input ?? name]))
  const flips = judged.filter((one) => flipOf(one) !== null).length
  return (
    <>
      <p className="faint">
        {traces.length} traces, {judged.length} verdicts
        {flips > 0 && (
          <>
            , <strong>{flips} flipped</strong>
          </>
        )}
        .{notRun.length > 0 && ` Offline evals ask judges and were not run: ${notRun.join(', ')}.`}
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
        <Table
          caption="Verdicts, those that flipped and then the gravest first"
          columns={[
            {
              head: 'Verdict',
              cell: (one) => (
                <>
                  <Verdict verdict={one.verdict} />
                  {flipOf(one) !== null && <span className="tag">{flipOf(one)}</span>}
                </>
              ),
            },
            { head: 'Eval', cell: ({ evalId }) => evalId.split('/')[1] },
            {
              head: 'Trace',
              kind: 'head',
              className: 'said-of',
              cell: ({ traceId, spanId }) => (
                <Link to="/traces/$traceId" params={{ traceId }} search={spanId === '' ? {} : { span: spanId }}>
                  {said.get(traceId)}
                </Link>
              ),
            },
            {
              head: 'Why',
              cell: ({ why, score, scoreUnit }) =>
                [why, score === undefined ? '' : formatScore(score, scoreUnit)].filter(Boolean).join(' · '),
            },
          ]}
          rows={sorted.slice(0, SHOWN)}
          keyOf={keyOf}
        />
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
