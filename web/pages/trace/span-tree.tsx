import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, memo, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { formatDuration } from '../../parts/format.ts'
import { gravestOf } from './gravest.ts'
import { type Row, type Trace, visibleRows } from './trace-model.ts'

const ROW_PX = 28

/** Tree and waterfall in one: a line for each span. Only lines in view are in the document. */
export function SpanTree({
  trace,
  selected,
  onSelect,
}: {
  trace: Trace
  selected: string
  onSelect: (spanId: string) => void
}) {
  const frame = useRef<HTMLDivElement>(null)
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())
  const rows = useMemo(() => visibleRows(trace.rows, closed), [trace.rows, closed])
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  })
  const index = rows.findIndex(({ span }) => span.spanId === selected)
  const { scrollToIndex } = virtual
  useEffect(() => {
    if (index >= 0) scrollToIndex(index)
  }, [index, scrollToIndex])

  const toggle = useCallback((spanId: string): void => {
    setClosed((before) => {
      const next = new Set(before)
      if (!next.delete(spanId)) next.add(spanId)
      return next
    })
  }, [])
  // The same function from scroll to scroll, so that rows that stay are left alone.
  const latestSelect = useRef(onSelect)
  useEffect(() => {
    latestSelect.current = onSelect
  })
  const select = useCallback((spanId: string): void => latestSelect.current(spanId), [])
  const onKey = (event: KeyboardEvent): void => {
    const row = rows[index]
    if (row === undefined) return
    const isClosed = closed.has(row.span.spanId)
    const go = (to: number): void => onSelect(rows[Math.max(0, Math.min(rows.length - 1, to))]!.span.spanId)
    switch (event.key) {
      case 'ArrowDown':
        go(index + 1)
        break
      case 'ArrowUp':
        go(index - 1)
        break
      case 'Home':
        go(0)
        break
      case 'End':
        go(rows.length - 1)
        break
      case 'ArrowRight':
        if (row.hasChildren && isClosed) toggle(row.span.spanId)
        else if (row.hasChildren) go(index + 1)
        break
      case 'ArrowLeft':
        if (row.hasChildren && !isClosed) toggle(row.span.spanId)
        else go(rows.findLastIndex((other, at) => at < index && other.level < row.level))
        break
      default:
        return
    }
    event.preventDefault()
  }

  return (
    <div
      ref={frame}
      className="tree"
      role="tree"
      aria-label="Spans of the trace"
      tabIndex={0}
      aria-activedescendant={index < 0 ? undefined : `span-${selected}`}
      onKeyDown={onKey}
    >
      <div className="tree-inner" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]!
          return (
            <TreeRow
              key={row.span.spanId}
              row={row}
              top={item.start}
              totalMs={trace.durationMs}
              isSelected={row.span.spanId === selected}
              isClosed={closed.has(row.span.spanId)}
              onSelect={select}
              onToggle={toggle}
            />
          )
        })}
      </div>
    </div>
  )
}

const TreeRow = memo(function TreeRow({
  row,
  top,
  totalMs,
  isSelected,
  isClosed,
  onSelect,
  onToggle,
}: {
  row: Row
  top: number
  totalMs: number
  isSelected: boolean
  isClosed: boolean
  onSelect: (spanId: string) => void
  onToggle: (spanId: string) => void
}) {
  const { span, level, hasChildren, offsetMs } = row
  const gravest = gravestOf(span.results)
  const left = totalMs === 0 ? 0 : (offsetMs / totalMs) * 100
  const width = totalMs === 0 ? 100 : (span.durationMs / totalMs) * 100
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are the tree's, by its active descendant
    <div
      id={`span-${span.spanId}`}
      className={`tree-row kind-${span.kind}`}
      role="treeitem"
      aria-level={level}
      aria-selected={isSelected}
      {...(hasChildren && { 'aria-expanded': !isClosed })}
      tabIndex={-1}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onSelect(span.spanId)}
    >
      <span className="tree-name" style={{ paddingInlineStart: Math.min(level - 1, 12) * 14 }}>
        {hasChildren ? (
          // biome-ignore lint/a11y/useKeyWithClickEvents: arrow keys of the tree open and close
          // biome-ignore lint/a11y/noStaticElementInteractions: as above
          <span
            className="twist"
            onClick={(event) => {
              event.stopPropagation()
              onToggle(span.spanId)
            }}
          >
            {isClosed ? '▸' : '▾'}
          </span>
        ) : (
          <span className="twist" />
        )}
        <span className="kind">{span.kind}</span>
        <span className="name">{span.name}</span>
        {gravest !== undefined && <span className={`mark mark-${gravest}`} role="img" aria-label={gravest} />}
        {span.status === 'error' && <span className="failed">failed</span>}
      </span>
      <span className="bar-lane" aria-hidden="true">
        <span className="bar" style={{ left: `${left}%`, width: `max(2px, ${width}%)` }} />
      </span>
      <span className="number took">{formatDuration(span.durationMs)}</span>
    </div>
  )
})
