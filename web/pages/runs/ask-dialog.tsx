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
  // As it was when it was opened: states are polled, and what is asked must not turn into something else under the pointer.
  const now = { title, says, children, does, keep, act }
  const [asked, setAsked] = useState(now)
  const queries = useQueryClient()
  const acting = useMutation({
    mutationFn: asked.act,
    onSuccess: async (done) => {
      setOpen(false)
      await Promise.all(changes.map((queryKey) => queries.invalidateQueries({ queryKey })))
      await onDone?.(done)
    },
  })
  const onOpen = (next: boolean): void => {
    setOpen(next)
    if (!next) return
    setAsked(now)
    acting.reset()
  }
  if (!isAllowed) return null
  return (
    <Dialog
      title={asked.title}
      says={asked.says}
      isOpen={isOpen}
      onOpen={onOpen}
      trigger={
        <button type="button">
          {label}
          <span className="only-read"> {of}</span>
        </button>
      }
    >
      {asked.children}
      {acting.error !== null && <ProblemNote error={acting.error} />}
      <div className="actions">
        <button type="button" className="primary" disabled={acting.isPending} onClick={() => acting.mutate()}>
          {asked.does}
        </button>
        <button type="button" onClick={() => setOpen(false)}>
          {asked.keep}
        </button>
      </div>
    </Dialog>
  )
}
