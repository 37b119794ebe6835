import { type ReactNode, useEffect, useRef, useState } from 'react'

export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => ReactNode
  readonly kind?: 'number' | 'head'
  readonly className?: string
  /** For screen readers alone: of buttons, say. */
  readonly isHeadHidden?: true
}

/** The one table. On a phone each row stands as a card, each value beside its name: nothing is cut and nothing scrolls sideways. */
export function Table<Row>({
  caption,
  columns,
  rows,
  keyOf,
  className,
}: {
  /** What is in it, for screen readers. */
  caption: string
  columns: readonly (Column<Row> | false)[]
  rows: readonly Row[]
  keyOf: (row: Row) => string
  className?: string
}) {
  const frame = useRef<HTMLDivElement>(null)
  const scrolls = useScrolls(frame)
  const shown = columns.filter((column) => column !== false)
  return (
    // What scrolls has to be reached by keyboard, and only that.
    <div
      ref={frame}
      className="table-frame cards"
      {...(scrolls && { tabIndex: 0, role: 'region', 'aria-label': caption })}
    >
      {/* A table that is laid out as cards is one for screen readers by its roles alone. */}
      {/* biome-ignore-start lint/a11y/noRedundantRoles: as said */}
      <table role="table" className={className}>
        <caption className="only-read">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {shown.map(({ head, kind, isHeadHidden }) => (
              <th key={head} scope="col" role="columnheader" className={kind === 'number' ? 'number' : undefined}>
                {isHeadHidden === true ? <span className="only-read">{head}</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row">
              {shown.map(({ head, kind, isHeadHidden, className: own, cell }) => {
                const classes = [kind === 'number' ? 'number' : '', own ?? ''].filter(Boolean).join(' ') || undefined
                const name = isHeadHidden === true ? undefined : head
                return kind === 'head' ? (
                  <th key={head} scope="row" role="rowheader" className={classes}>
                    {cell(row)}
                  </th>
                ) : (
                  <td key={head} role="cell" className={classes} data-head={name}>
                    {cell(row)}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {/* biome-ignore-end lint/a11y/noRedundantRoles: as said */}
    </div>
  )
}

function useScrolls(frame: { readonly current: HTMLElement | null }): boolean {
  const [scrolls, setScrolls] = useState(false)
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const watch = new ResizeObserver(() => setScrolls(element.scrollWidth > element.clientWidth + 1))
    watch.observe(element)
    return () => watch.disconnect()
  }, [frame])
  return scrolls
}
