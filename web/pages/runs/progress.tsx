import type { OfflineRun } from '../../../client/api.ts'
import { noProgressText, progressOf } from './run-words.ts'

/** Its batches, as a bar and in numbers. */
export function Progress({ run }: { run: OfflineRun }) {
  const { all, done, failed } = run.batches
  const share = progressOf(run)
  if (share === null) return <span className="faint">{noProgressText(run)}</span>
  return (
    <span>
      {done + failed} of {all} {all === 1 ? 'batch' : 'batches'}
      {failed > 0 && <span className="span-errors">, {failed} failed</span>}
      <span className="score-bar" aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
    </span>
  )
}
