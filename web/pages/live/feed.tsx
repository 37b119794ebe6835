import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Result, Verdict as VerdictName } from '../../../client/api.ts'
import { formatScore } from '../../parts/format.ts'
import { Loading } from '../../parts/loading.tsx'
import { ResultWhy, resultReason } from '../../parts/result-why.tsx'
import { Time } from '../../parts/time.tsx'
import { Verdict } from '../../parts/verdict.tsx'
import { Why } from '../trace/why.tsx'
import { keyOf } from './live-state.ts'
import type { LiveSearch } from './search.ts'

const FILTERS: readonly { verdict?: VerdictName; label: string }[] = [
  { label: 'All' },
  { verdict: 'fail', label: 'Fail' },
  { verdict: 'unknown', label: 'Unknown' },
  { verdict: 'error', label: 'Error' },
  { verdict: 'pass', label: 'Pass' },
]

/** At first: what one can take in at a glance, and no page without end on a phone. */
const SHOWN_AT_FIRST = 25

/** The newest verdicts; one opens to its evidence. */
export function Feed({
  results,
  search,
  onSearch,
}: {
  results: readonly Result[] | undefined
  search: LiveSearch
  onSearch: (next: LiveSearch) => void
}) {
  const [open, setOpen] = useState<string | null>(null)
  const [isAll, setAll] = useState(false)
  const shown = isAll ? results : results?.slice(0, SHOWN_AT_FIRST)
  const left = (results?.length ?? 0) - (shown?.length ?? 0)
  return (
    <>
      <div className="section-head">
        <h2 id="verdicts">Verdicts</h2>
        <fieldset className="segmented" aria-label="Verdicts shown">
          {FILTERS.map(({ verdict, label }) => (
            <button
              key={label}
              type="button"
              aria-pressed={search.verdict === verdict}
              onClick={() => {
                const { verdict: _, ...others } = search
                onSearch(verdict === undefined ? others : { ...others, verdict })
              }}
            >
              {label}
            </button>
          ))}
        </fieldset>
        {search.eval !== undefined && (
          <button
            type="button"
            className="chip"
            onClick={() => {
              const { eval: _, ...others } = search
              onSearch(others)
            }}
          >
            {search.eval} <span aria-hidden="true">✕</span>
            <span className="only-read">: show all evals</span>
          </button>
        )}
      </div>
      {results === undefined && <Loading what="verdicts" />}
      {results?.length === 0 && (
        <p className="faint">
          No such verdict {search.scope === undefined ? 'in the last hour' : 'in the last five minutes'}.
        </p>
      )}
      {shown !== undefined && shown.length > 0 && (
        <ul className="feed">
          {shown.map((result) => {
            const key = keyOf(result)
            const isOpen = open === key
            return (
              <li key={key} className={isOpen ? 'open' : undefined}>
                <button
                  type="button"
                  className="row"
                  aria-expanded={isOpen}
                  onClick={() => setOpen(isOpen ? null : key)}
                >
                  <Time at={result.evaluatedAt} />
                  <Verdict verdict={result.verdict} />
                  <span className="eval">{result.eval}</span>
                  <span className="agent">{result.agent?.name ?? ''}</span>
                  <span className="why">{resultReason(result)}</span>
                  <span className="number">
                    {result.score === undefined ? '' : formatScore(result.score, result.scoreUnit)}
                  </span>
                </button>
                {isOpen && (
                  <div className="evidence">
                    <ResultWhy result={result} />
                    <Why traceId={result.traceId} evalId={result.eval} spanId={result.spanId} />
                    <p>
                      <Link
                        to="/traces/$traceId"
                        params={{ traceId: result.traceId }}
                        search={result.spanId === undefined ? {} : { span: result.spanId }}
                      >
                        Open the trace
                      </Link>
                    </p>
                  </div>
                )}
              </li>
            )
          })}
        </ul>
      )}
      {left > 0 && (
        <p className="more-rows">
          <button type="button" onClick={() => setAll(true)}>
            Show {left} more
          </button>
        </p>
      )}
    </>
  )
}
