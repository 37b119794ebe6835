import { useVirtualizer } from '@tanstack/react-virtual'
import { useMemo, useRef } from 'react'
import { Empty } from '../../parts/empty.tsx'
import { asText, conversationOf, marksOfTurn, type Turn } from './conversation-model.ts'
import { MarkedText } from './marked-text.tsx'
import type { Mark, Marks, Trace } from './trace-model.ts'

const TURN_PX = 80

export function Conversation({
  trace,
  marks,
  selected,
  onSelect,
}: {
  trace: Trace
  marks: Marks
  selected: string
  onSelect: (spanId: string) => void
}) {
  const turns = useMemo(() => conversationOf(trace), [trace])
  if (turns.length === 0)
    return (
      <Empty title="Nothing that was said is in this trace">
        <p>
          Capturing content is opt-in in most instrumentations: OpenTelemetry's take{' '}
          <code>OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true</code>.
        </p>
      </Empty>
    )
  return <Turns marks={marks} turns={turns} selected={selected} onSelect={onSelect} />
}

/** Only turns in view are in the document, each as high as what was said. */
function Turns({
  marks,
  turns,
  selected,
  onSelect,
}: {
  marks: Marks
  turns: readonly Turn[]
  selected: string
  onSelect: (spanId: string) => void
}) {
  const frame = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: turns.length,
    getScrollElement: () => frame.current,
    estimateSize: () => TURN_PX,
    getItemKey: (index) => turns[index]!.key,
    overscan: 6,
  })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section ref={frame} className="conversation" tabIndex={0} aria-label="What was said">
      <ol aria-label="Conversation" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const turn = turns[index]!
          return (
            <li
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              aria-setsize={turns.length}
              aria-posinset={index + 1}
              className={`turn turn-${turn.role.split(' ')[0]}`}
              style={{ transform: `translateY(${start}px)` }}
            >
              <button type="button" aria-pressed={turn.spanId === selected} onClick={() => onSelect(turn.spanId)}>
                {turn.role}
              </button>
              <div>
                {turn.parts.map((part, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: parts of a message never change places
                  <Part key={at} part={part} marks={marksOfTurn(marks, turn, part)} />
                ))}
              </div>
            </li>
          )
        })}
      </ol>
    </section>
  )
}

function Part({ part, marks }: { part: Turn['parts'][number]; marks: readonly Mark[] }) {
  switch (part.type) {
    case 'text':
      return <MarkedText text={part.content} marks={marks} />
    case 'reasoning':
      return <div className="text text-reasoning">{part.content}</div>
    case 'tool_call':
      return (
        <div className="call">
          calls <code>{part.name ?? 'a tool'}</code>
          {part.arguments !== undefined && <pre>{asText(part.arguments)}</pre>}
        </div>
      )
    case 'tool_call_response':
      return <pre className="answer">{asText(part.response)}</pre>
    case 'other':
      return <pre>{asText(part.value)}</pre>
  }
}
