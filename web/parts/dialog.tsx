import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import './csp-nonce.ts'

/** What is asked or shown above the page: focus stays in it, and Escape leads back to what opened it. */
export function Dialog({
  title,
  says,
  trigger,
  isOpen,
  onOpen,
  isWide = false,
  children,
}: {
  title: string
  /** A sentence below the title. */
  says?: ReactNode
  /** A button; without one `isOpen` alone decides. */
  trigger?: ReactNode
  isOpen?: boolean
  onOpen?: (isOpen: boolean) => void
  isWide?: boolean
  children: ReactNode
}) {
  return (
    <Radix.Root {...(isOpen !== undefined && { open: isOpen })} {...(onOpen !== undefined && { onOpenChange: onOpen })}>
      {trigger !== undefined && <Radix.Trigger asChild>{trigger}</Radix.Trigger>}
      <Radix.Portal>
        <Radix.Overlay className="dialog-ground" />
        <Radix.Content
          className={isWide ? 'dialog dialog-wide' : 'dialog'}
          {...(says === undefined && { 'aria-describedby': undefined })}
        >
          <div className="dialog-head">
            <Radix.Title asChild>
              <h2>{title}</h2>
            </Radix.Title>
            <Radix.Close aria-label="Close">✕</Radix.Close>
          </div>
          {says !== undefined && <Radix.Description className="faint">{says}</Radix.Description>}
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
