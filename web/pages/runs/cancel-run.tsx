import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../data/api.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { MayButton } from '../../parts/may-button.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { runParams } from './run-words.ts'

/** Leaves what of a run has not begun, once one has said so twice. */
export function CancelRun({ runId }: { runId: string }) {
  const [isOpen, setOpen] = useState(false)
  const queries = useQueryClient()
  const { packageName, run } = runParams(runId)
  const cancel = useMutation({
    mutationFn: () => api.cancelOfflineRun(packageName, run),
    onSuccess: async () => {
      setOpen(false)
      await queries.invalidateQueries({ queryKey: ['run', packageName, run] })
    },
  })
  return (
    <Dialog
      title="Cancel this run"
      says="Batches that are at work end; those that have not begun are left. What was judged stays, and is paid for."
      isOpen={isOpen}
      onOpen={setOpen}
      trigger={<MayButton needs="edit">Cancel</MayButton>}
    >
      {cancel.error !== null && <ProblemNote error={cancel.error} />}
      <div className="actions">
        <button type="button" className="primary" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          Cancel the run
        </button>
        <button type="button" onClick={() => setOpen(false)}>
          Let it go on
        </button>
      </div>
    </Dialog>
  )
}
