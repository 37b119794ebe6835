import { Link } from '@tanstack/react-router'
import type { Result } from '../../../client/api.ts'
import { formatScore } from '../../parts/format.ts'
import { packageAndName } from '../../parts/ids.ts'
import { ResultWhy } from '../../parts/result-why.tsx'
import { Verdict } from '../../parts/verdict.tsx'
import { type EvalSummary, summaryOf, type Trace } from './trace-model.ts'
import { Why } from './why.tsx'

const SHOWN_SPANS = 20

/** What evals say of the trace and of its spans, those that do not pass first and open to why. */
export function VerdictSummary({ trace }: { trace: Trace }) {
  const all = summaryOf(trace)
  if (all.length === 0) return null
  const passing = all.filter(({ gravest }) => gravest === 'pass')
  return (
    <section className="trace-verdicts" aria-label="Verdicts on the trace and its spans">
      {all
        .filter(({ gravest }) => gravest !== 'pass')
        .map((one) => (
          <OneEval key={one.evalId} traceId={trace.traceId} summary={one} />
        ))}
      {passing.length > 0 && (
        <details>
          <summary>
            <Verdict verdict="pass" /> {passing.length === 1 ? passing[0]!.evalId : `${passing.length} evals`}
          </summary>
          <div className="trace-verdicts">
            {passing.map((one) => (
              <OneEval key={one.evalId} traceId={trace.traceId} summary={one} />
            ))}
          </div>
        </details>
      )}
    </section>
  )
}

function OneEval({ traceId, summary: { evalId, gravest, results } }: { traceId: string; summary: EvalSummary }) {
  const ofSpans = results.filter(({ spanId }) => spanId !== undefined)
  const same = results.filter(({ verdict }) => verdict === gravest).length
  return (
    <details>
      <summary>
        <Verdict verdict={gravest} /> {evalId}
        {results.length > 1 && (
          <span className="faint">
            {' '}
            {same} of {results.length}
          </span>
        )}
      </summary>
      <p>
        <Link to="/evals/$packageName/$name" params={packageAndName(evalId)}>
          {evalId} over time
        </Link>
      </p>
      {results
        .filter(({ spanId }) => spanId === undefined)
        .map((result) => (
          <div key={result.runId ?? ''}>
            <ResultWhy result={result} />
            <Why traceId={traceId} evalId={evalId} spanId={undefined} />
          </div>
        ))}
      <ul>
        {ofSpans.slice(0, SHOWN_SPANS).map((result) => (
          <li key={`${result.spanId} ${result.runId ?? ''}`}>
            <SpanVerdict traceId={traceId} result={result} />
          </li>
        ))}
      </ul>
      {ofSpans.length > SHOWN_SPANS && <p className="faint">and {ofSpans.length - SHOWN_SPANS} more spans</p>}
    </details>
  )
}

function SpanVerdict({ traceId, result }: { traceId: string; result: Result }) {
  const { spanId, verdict, score, scoreUnit, subject } = result
  return (
    <>
      <Verdict verdict={verdict} />{' '}
      <Link
        to="/traces/$traceId"
        params={{ traceId }}
        search={(before) => ({ ...before, ...(spanId !== undefined && { span: spanId }) })}
        replace
      >
        {subject.replaceAll('_', ' ')} {spanId?.slice(0, 8)}
      </Link>
      {score !== undefined && <span className="number"> {formatScore(score, scoreUnit)}</span>}
    </>
  )
}
