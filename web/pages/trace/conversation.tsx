import { useMemo } from 'react'
import { Empty } from '../../parts/empty.tsx'
import { asText, conversationOf, type Turn } from './conversation-model.ts'
import type { Trace } from './trace-model.ts'

export function Conversation({
  trace,
  selected,
  onSelect,
}: {
  trace: Trace
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
  return (
    <ol className="conversation" aria-label="Conversation">
      {turns.map((turn) => (
        <li key={turn.key} className={`turn turn-${turn.role.split(' ')[0]}`}>
          <button type="button" aria-pressed={turn.spanId === selected} onClick={() => onSelect(turn.spanId)}>
            {turn.role}
          </button>
          <div>
            {turn.parts.map((part, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: parts of a message never change places
              <Part key={index} part={part} />
            ))}
          </div>
        </li>
      ))}
    </ol>
  )
}

function Part({ part }: { part: Turn['parts'][number] }) {
  switch (part.type) {
    case 'text':
      return <div className="text">{part.content}</div>
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
