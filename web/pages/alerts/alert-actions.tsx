import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { AlertStateJson } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { MayButton } from '../../parts/may-button.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'

const MINUTES = [
  { minutes: 60, label: '1 hour' },
  { minutes: 240, label: '4 hours' },
  { minutes: 1_440, label: '1 day' },
  { minutes: 10_080, label: '1 week' },
] as const

const textOf = (form: FormData, name: string): string => String(form.get(name) ?? '').trim()

/** Of an alert that fires: taking it on, and keeping it quiet. */
export function AlertActions({ alert }: { alert: AlertStateJson }) {
  const [open, setOpen] = useState<'acknowledge' | 'silence' | null>(null)
  const queries = useQueryClient()
  const onSuccess = async (): Promise<void> => {
    setOpen(null)
    await queries.invalidateQueries({ queryKey: ['alerts'] })
    await queries.invalidateQueries({ queryKey: ['silences'] })
  }
  const acknowledge = useMutation({
    mutationFn: (reason: string) => api.acknowledgeAlert({ alert: alert.alert, ...(reason !== '' && { reason }) }),
    onSuccess,
  })
  const silence = useMutation({
    mutationFn: (asked: { minutes: number; reason: string }) =>
      api.createSilence({ matchers: { alert: alert.alert }, ...asked }),
    onSuccess,
  })
  const onAcknowledge = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    acknowledge.mutate(textOf(new FormData(event.currentTarget), 'reason'))
  }
  const onSilence = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    silence.mutate({ minutes: Number(form.get('minutes')), reason: textOf(form, 'reason') })
  }
  return (
    <div className="actions">
      {alert.acknowledged === null && (
        <Dialog
          title={`Acknowledge ${alert.alert}`}
          says="You take it on: it is not repeated to those who were told, and others see that somebody works on it."
          isOpen={open === 'acknowledge'}
          onOpen={(isOpen) => setOpen(isOpen ? 'acknowledge' : null)}
          trigger={<MayButton needs="edit">Acknowledge</MayButton>}
        >
          <form onSubmit={onAcknowledge}>
            <label>
              What you do about it (may stay empty)
              <input name="reason" maxLength={1_000} />
            </label>
            {acknowledge.error !== null && <ProblemNote error={acknowledge.error} />}
            <div className="actions">
              <button type="submit" className="primary" disabled={acknowledge.isPending}>
                Take it on
              </button>
            </div>
          </form>
        </Dialog>
      )}
      {alert.silencedBy === null && (
        <Dialog
          title={`Silence ${alert.alert}`}
          says="It goes on being watched, and nobody is told while the silence lasts."
          isOpen={open === 'silence'}
          onOpen={(isOpen) => setOpen(isOpen ? 'silence' : null)}
          trigger={<MayButton needs="edit">Silence</MayButton>}
        >
          <form onSubmit={onSilence}>
            <label>
              For
              <select name="minutes">
                {MINUTES.map(({ minutes, label }) => (
                  <option key={minutes} value={minutes}>
                    {label}
                  </option>
                ))}
              </select>
            </label>
            <label>
              Because
              <input name="reason" required maxLength={1_000} />
            </label>
            {silence.error !== null && <ProblemNote error={silence.error} />}
            <div className="actions">
              <button type="submit" className="primary" disabled={silence.isPending}>
                Silence it
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </div>
  )
}
