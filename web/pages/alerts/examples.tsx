import { Link } from '@tanstack/react-router'
import type { AlertStateJson } from '../../../client/api.ts'
import { formatScore } from '../../parts/format.ts'

const SHOWN = 5

/** Subjects behind it, each with what was found of it; the traces alone of alerts that keep no more. */
export function Examples({ alert, isWhole }: { alert: AlertStateJson; isWhole: boolean }) {
  const { examples, traces } = alert
  const limit = isWhole ? undefined : SHOWN
  if (examples.length === 0 && traces.length === 0) return null
  const all = alert.eval.includes('/') && (
    <Link to="/traces" search={{ eval: alert.eval, verdict: 'fail' }}>
      all that fail
    </Link>
  )
  if (examples.length === 0 || !isWhole)
    return (
      <p>
        Examples:{' '}
        {traces.slice(0, limit).map((traceId) => (
          <span key={traceId}>
            <Link to="/traces/$traceId" params={{ traceId }}>
              <code>{traceId.slice(0, 8)}</code>
            </Link>{' '}
          </span>
        ))}
        {all}
      </p>
    )
  return (
    <div>
      <h3>Examples</h3>
      <ul className="examples">
        {examples.map(({ traceId, spanId, score, scoreUnit, reason, evidence }) => (
          <li key={`${traceId} ${spanId}`}>
            <Link to="/traces/$traceId" params={{ traceId }} search={spanId === '' ? {} : { span: spanId }}>
              <code>{traceId.slice(0, 8)}</code>
            </Link>
            {score !== undefined && <span className="number"> score {formatScore(score, scoreUnit)}</span>}
            {evidence.map(({ field, pattern, masked }) => (
              <span key={`${field} ${pattern} ${masked}`}>
                {' '}
                <code>{masked}</code>{' '}
                <span className="faint">
                  {pattern} in {field}
                </span>
              </span>
            ))}
            {reason !== undefined && <span className="faint"> {reason.code.replaceAll('_', ' ')}</span>}
          </li>
        ))}
      </ul>
      {all}
    </div>
  )
}
