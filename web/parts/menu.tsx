import { DropdownMenu as Radix } from 'radix-ui'

const OFFSET_PX = 4

export interface MenuItem {
  readonly label: string
  readonly onChoose: () => void
}

/** What can be done, behind one button. */
export function Menu({ label, items }: { label: string; items: readonly MenuItem[] }) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger>
        {label} <span aria-hidden="true">▾</span>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="menu" align="end" sideOffset={OFFSET_PX} collisionPadding={12}>
          {items.map((item) => (
            <Radix.Item key={item.label} className="menu-item" onSelect={item.onChoose}>
              {item.label}
            </Radix.Item>
          ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
