/** Whole spans for a file of a test: every text in them redacted, whatever attribute or message it stands in. */
import type { Span } from '../../engine/model/span.ts'
import { spanFromJson, spanToJson } from '../../engine/model/span-json.ts'

/** Names and times by which a trace holds together, and words of a fixed choice. */
const KEPT = new Set([
  'traceId',
  'spanId',
  'parentSpanId',
  'kind',
  'startTime',
  'time',
  'status',
  'convention',
  'costSource',
])

/** As JSON, which `readTraces` takes; and the spans that are read back from it. */
export function redactSpans(
  spans: readonly Span[],
  redact: (text: string) => string,
): { json: string; spans: readonly Span[] } {
  const redacted = spans.map((span) => redactValue(spanToJson(span), '', redact))
  const read = redacted.map((raw) => {
    const outcome = spanFromJson(raw, spans[0]!.tenant)
    if (!outcome.ok) throw new Error(`a redacted span cannot be read back: ${outcome.field} ${outcome.message}`)
    return outcome.span
  })
  return { json: `${JSON.stringify({ spans: redacted }, null, 2)}\n`, spans: read }
}

function redactValue(value: unknown, key: string, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return KEPT.has(key) ? value : redact(value)
  if (Array.isArray(value)) return value.map((item) => redactValue(item, key, redact))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redactValue(item, name, redact)]))
}
