import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { AlertStateJson } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { textOfField } from '../../parts/form-text.ts'
import { MayButton } from '../../parts/may-button.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { ForSelect } from './for-select.tsx'
import { SilenceDialog } from './silence-dialog.tsx'

/** Of an alert that fires: taking it on, and keeping it quiet. */
export function AlertActions({ alert }: { alert: AlertStateJson }) {
  const [isOpen, setOpen] = useState(false)
  const queries = useQueryClient()
  const onSuccess = async (): Promise<void> => {
    setOpen(false)
    await queries.invalidateQueries({ queryKey: ['alerts'] })
  }
  const acknowledge = useMutation({
    mutationFn: ({ minutes, reason }: { minutes: number; reason: string }) =>
      api.acknowledgeAlert({ alert: alert.alert, minutes, ...(reason !== '' && { reason }) }),
    onSuccess,
  })
  const onAcknowledge = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    acknowledge.mutate({ minutes: Number(form.get('minutes')), reason: textOfField(form, 'reason') })
  }
  return (
    <div className="actions">
      {alert.acknowledged === null && (
        <Dialog
          title={`Acknowledge ${alert.alert}`}
          says="You take it on: until then it is not repeated to those who were told, and others see that somebody works on it."
          isOpen={isOpen}
          onOpen={setOpen}
          trigger={
            <MayButton needs="edit">
              Acknowledge
              <span className="only-read"> {alert.alert}</span>
            </MayButton>
          }
        >
          <form onSubmit={onAcknowledge}>
            <ForSelect usual={1_440} />
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
      {alert.silencedBy.length === 0 && <SilenceDialog alert={alert.alert} />}
    </div>
  )
}
