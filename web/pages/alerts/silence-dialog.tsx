import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api } from '../../data/api.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { textOfField } from '../../parts/form-text.ts'
import { MayButton } from '../../parts/may-button.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { ForSelect } from './for-select.tsx'

/** Keeps alerts quiet for a while: the named one, or those that one names, among `known` or not. A silence that nothing matches says so. */
export function SilenceDialog({ alert, known = [] }: { alert?: string; known?: readonly string[] }) {
  const [isOpen, setOpen] = useState(false)
  const queries = useQueryClient()
  const refresh = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: ['silences'] })
    await queries.invalidateQueries({ queryKey: ['alerts'] })
  }
  const silence = useMutation({
    mutationFn: (asked: { alert: string; minutes: number; reason: string }) => {
      const { alert, ...rest } = asked
      return api.createSilence({ matchers: { alert }, ...rest })
    },
    onSuccess: async ({ warnings }) => {
      if (warnings.length === 0) setOpen(false)
      await refresh()
    },
  })
  const undo = useMutation({
    mutationFn: (id: string) => api.expireSilence(id, {}),
    onSuccess: async () => {
      silence.reset()
      await refresh()
    },
  })
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    silence.mutate({
      alert: alert ?? textOfField(form, 'alert'),
      minutes: Number(form.get('minutes')),
      reason: textOfField(form, 'reason'),
    })
  }
  const onOpen = (next: boolean): void => {
    setOpen(next)
    if (next) silence.reset()
  }
  const doubtful = silence.data !== undefined && silence.data.warnings.length > 0 ? silence.data : null
  const problem = silence.error ?? undo.error
  return (
    <Dialog
      title={alert === undefined ? 'New silence' : `Silence ${alert}`}
      says="It goes on being watched, and nobody is told while the silence lasts."
      isOpen={isOpen}
      onOpen={onOpen}
      trigger={
        <MayButton needs="edit">
          {alert === undefined ? 'New silence' : 'Silence'}
          {alert !== undefined && <span className="only-read"> {alert}</span>}
        </MayButton>
      }
    >
      {problem !== null && <ProblemNote error={problem} />}
      {doubtful === null ? (
        <form onSubmit={onSubmit}>
          {alert === undefined && (
            <label>
              <span>
                Alert (its name, or a pattern: <code>support/*</code>)
              </span>
              <input name="alert" required list="known-alerts" spellCheck={false} autoComplete="off" />
              <datalist id="known-alerts">
                {known.map((id) => (
                  <option key={id} value={id} />
                ))}
              </datalist>
            </label>
          )}
          <ForSelect usual={60} />
          <label>
            Because
            <input name="reason" required maxLength={1_000} />
          </label>
          <div className="actions">
            <button type="submit" className="primary" disabled={silence.isPending}>
              Silence it
            </button>
          </div>
        </form>
      ) : (
        <>
          <div className="problem" role="alert">
            <strong>The silence is in force, but:</strong>
            {doubtful.warnings.map((warning) => (
              <p key={warning}>{warning}</p>
            ))}
          </div>
          <div className="actions">
            <button
              type="button"
              className="primary"
              disabled={undo.isPending}
              onClick={() => undo.mutate(doubtful.id)}
            >
              End it and correct it
            </button>
            <button type="button" onClick={() => setOpen(false)}>
              Keep it
            </button>
          </div>
        </>
      )}
    </Dialog>
  )
}
