import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useMay } from '../../data/session.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'

/** A button that asks before it does what runs cost, or leave undone. Nobody sees it who may not do it. */
export function AskDialog<Done>({
  label,
  of,
  title,
  says,
  children,
  does,
  keep,
  act,
  changes,
  onDone,
}: {
  label: string
  /** Which eval or run it is about: said to screen readers, which meet the button among others of its label. */
  of: string
  title: string
  says: ReactNode
  children?: ReactNode
  /** On the button that does it, and on the one that does not. */
  does: string
  keep: string
  act: () => Promise<Done>
  /** What is asked for anew once it is done. */
  changes: readonly (readonly string[])[]
  onDone?: (done: Done) => Promise<void> | void
}) {
  const { isAllowed } = useMay('edit')
  const [isOpen, setOpen] = useState(false)
  const queries = useQueryClient()
  const acting = useMutation({
    mutationFn: act,
    onSuccess: async (done) => {
      setOpen(false)
      await Promise.all(changes.map((queryKey) => queries.invalidateQueries({ queryKey })))
      await onDone?.(done)
    },
  })
  const onOpen = (next: boolean): void => {
    setOpen(next)
    if (next) acting.reset()
  }
  if (!isAllowed) return null
  return (
    <Dialog
      title={title}
      says={says}
      isOpen={isOpen}
      onOpen={onOpen}
      trigger={
        <button type="button">
          {label}
          <span className="only-read"> {of}</span>
        </button>
      }
    >
      {children}
      {acting.error !== null && <ProblemNote error={acting.error} />}
      <div className="actions">
        <button type="button" className="primary" disabled={acting.isPending} onClick={() => acting.mutate()}>
          {does}
        </button>
        <button type="button" onClick={() => setOpen(false)}>
          {keep}
        </button>
      </div>
    </Dialog>
  )
}
