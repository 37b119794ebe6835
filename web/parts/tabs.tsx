import { Tabs as Radix } from 'radix-ui'
import type { ReactNode } from 'react'

export interface Tab {
  readonly id: string
  readonly label: string
  readonly content: () => ReactNode
}

/** One of several, by arrow keys too; what is not shown is not asked for. */
export function Tabs({
  label,
  tabs,
  shown,
  onShow,
}: {
  label: string
  tabs: readonly Tab[]
  shown: string
  onShow: (id: string) => void
}) {
  return (
    <Radix.Root value={shown} onValueChange={onShow}>
      <Radix.List className="segmented tabs" aria-label={label}>
        {tabs.map((tab) => (
          <Radix.Trigger key={tab.id} value={tab.id}>
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.id} value={tab.id} className="tab">
          {tab.id === shown && tab.content()}
        </Radix.Content>
      ))}
    </Radix.Root>
  )
}
