import { useState } from 'react'
import type { Mark } from './trace-model.ts'

/** A text longer than this is cut until it is asked for. */
const SHOWN_CHARS = 4_000

/** A text with what verdicts matched in it. Where it was redacted, the mark lies on the stars. */
export function MarkedText({ text, marks }: { text: string; marks: readonly Mark[] }) {
  const [isWhole, setWhole] = useState(false)
  const last = marks.at(-1)?.end ?? 0
  const until = isWhole ? text.length : Math.max(SHOWN_CHARS, last)
  const parts: { text: string; mark?: Mark }[] = []
  let at = 0
  for (const mark of marks) {
    if (mark.start >= text.length) break
    if (mark.start > at) parts.push({ text: text.slice(at, mark.start) })
    parts.push({ text: text.slice(mark.start, mark.end), mark })
    at = mark.end
  }
  parts.push({ text: text.slice(at, until) })
  return (
    <div className="text">
      {parts.map((part, index) =>
        part.mark === undefined ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text never change places
          <span key={index}>{part.text}</span>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <mark key={index} title={part.mark.patterns.join(', ')}>
            {part.text}
          </mark>
        ),
      )}
      {text.length > until && (
        <button type="button" className="more" onClick={() => setWhole(true)}>
          Show the other {text.length - until} characters
        </button>
      )}
    </div>
  )
}
