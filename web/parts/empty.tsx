import type { ReactNode } from 'react'

/** Where there is nothing to show: what would be here, and how it comes. */
export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="empty">
      <h2>{title}</h2>
      {children}
    </section>
  )
}
