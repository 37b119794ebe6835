import { useVirtualizer } from '@tanstack/react-virtual'
import { useMemo, useRef, useState } from 'react'
import { formatDuration } from '../../parts/format.ts'
import { Verdict } from '../../parts/verdict.tsx'
import { gravestOf } from '../trace/gravest.ts'
import type { Row, Trace } from '../trace/trace-model.ts'
import { alignSteps, type Pair } from './compare-model.ts'

const ROW_PX = 48
const SHOWN_CHARS = 2_000

/** What each did, step beside step. Only lines in view are in the document. */
export function Steps({ left, right }: { left: Trace; right: Trace }) {
  const [isDifferencesOnly, setDifferencesOnly] = useState(false)
  const all = useMemo(() => alignSteps(left, right), [left, right])
  const pairs = isDifferencesOnly ? all.filter(isOther) : all
  const frame = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: pairs.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_PX,
    overscan: 10,
  })
  return (
    <section aria-labelledby="steps">
      <div className="section-head">
        <h2 id="steps">Steps</h2>
        <label className="inline">
          <input
            type="checkbox"
            checked={isDifferencesOnly}
            onChange={(event) => setDifferencesOnly(event.target.checked)}
          />{' '}
          Differences only
        </label>
        <span className="faint">
          {all.filter(isOther).length} of {all.length} differ
        </span>
      </div>
      {pairs.length === 0 && <p className="faint">Both did the same, and said the same.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section ref={frame} className="steps" tabIndex={0} aria-label="Steps side by side">
        <ol style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const pair = pairs[item.index]!
            return (
              <li
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                aria-setsize={pairs.length}
                aria-posinset={item.index + 1}
                className={isOther(pair) ? 'step step-other' : 'step'}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <Side row={pair.left} what="one" />
                <Side row={pair.right} what="the other" />
              </li>
            )
          })}
        </ol>
      </section>
    </section>
  )
}

const isOther = ({ left, right, differs }: Pair): boolean => differs || left === undefined || right === undefined

function Side({ row, what }: { row: Row | undefined; what: string }) {
  if (row === undefined) return <div className="side-none">not in {what}</div>
  const { span, level } = row
  const gravest = gravestOf(span.results)
  const texts = [
    ['arguments', span.tool?.arguments],
    ['result', span.tool?.result],
    ['input', span.tool === undefined ? span.input?.text : undefined],
    ['output', span.tool === undefined ? span.output?.text : undefined],
    ['error', span.errorMessage],
  ].filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '')
  return (
    <div className={`side-of kind-${span.kind}`} style={{ paddingInlineStart: 12 + Math.min(level - 1, 6) * 12 }}>
      <details>
        <summary>
          <span className="kind">{span.kind}</span> {span.name}{' '}
          <span className="faint number">{formatDuration(span.durationMs)}</span>{' '}
          {gravest !== undefined && <Verdict verdict={gravest} />}
          {span.status === 'error' && <span className="failed"> failed</span>}
        </summary>
        {texts.length === 0 && <p className="faint">Nothing of it was captured.</p>}
        {texts.map(([name, text]) => (
          <div key={name}>
            <span className="faint">{name}</span>
            <div className="text">
              {text.slice(0, SHOWN_CHARS)}
              {text.length > SHOWN_CHARS && <span className="faint"> … {text.length - SHOWN_CHARS} more</span>}
            </div>
          </div>
        ))}
      </details>
    </div>
  )
}
