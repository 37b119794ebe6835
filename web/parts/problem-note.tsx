import { ApiProblem } from '../../client/request.ts'

/** What went wrong, in the API's words, and a way on. */
export function ProblemNote({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  const isUnreachable = error instanceof ApiProblem && error.status === 0
  return (
    <div className="problem" role="alert">
      <strong>{isUnreachable ? 'Assay cannot be reached' : 'This could not be shown'}</strong>
      <p>{isUnreachable ? 'Is it running? The page goes on by itself when it answers again.' : error.message}</p>
      {onRetry !== undefined && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}
