import type { FormEvent } from 'react'
import type { ApiProblem } from '../../../client/request.ts'

/** What of the stream is shown, in the language of evals; with what is wrong with it. */
export function ScopeForm({
  scope,
  problem,
  onScope,
}: {
  scope: string | undefined
  problem: ApiProblem | null
  onScope: (next: string | undefined) => void
}) {
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const text = String(new FormData(event.currentTarget).get('scope') ?? '').trim()
    onScope(text === '' ? undefined : text)
  }
  const errors = problem?.problem?.errors ?? []
  return (
    // The key starts the form anew where the address changed by other means.
    <form className="scope-form" key={scope ?? ''} onSubmit={submit}>
      <label htmlFor="scope">Scope</label>
      <input
        id="scope"
        name="scope"
        type="search"
        defaultValue={scope ?? ''}
        placeholder={'llm_call where env == "prod"'}
        spellCheck={false}
        autoComplete="off"
        aria-invalid={problem !== null}
        aria-describedby={problem === null ? undefined : 'scope-problem'}
      />
      <button type="submit">Apply</button>
      {problem !== null && (
        <p id="scope-problem" className="scope-problem" role="alert">
          {errors.length === 0
            ? problem.message
            : errors
                .map(({ message, column }) => `${message}${column === undefined ? '' : `, at ${column}`}`)
                .join('; ')}
        </p>
      )}
    </form>
  )
}
