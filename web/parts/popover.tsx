import { Popover as Radix } from 'radix-ui'
import type { ReactNode } from 'react'

const OFFSET_PX = 6

/** What a word means, beside it, for whoever asks: by pointer, by keyboard and on a phone. */
export function Explained({ word, children }: { word: string; children: ReactNode }) {
  return (
    <Radix.Root>
      <Radix.Trigger className="explained">{word}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="popover" sideOffset={OFFSET_PX} collisionPadding={12} aria-label={word}>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
