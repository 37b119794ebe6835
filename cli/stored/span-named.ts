/** The span that a command line means: tables show the first eight digits of an id, so these have to do. */

export type SpanOutcome = { ok: true; spanId: string } | { ok: false; message: string }

const MAX_NAMED = 4

/** `what`: what the spans are, for the message. */
export function spanNamed(text: string, spanIds: readonly string[], what: string): SpanOutcome {
  const wanted = text.toLowerCase()
  const found = spanIds.filter((spanId) => spanId.startsWith(wanted))
  const [only] = found
  if (only !== undefined && found.length === 1) return { ok: true, spanId: only }
  if (found.length > 1)
    return { ok: false, message: `${found.length} spans begin with ${text}: ${listed(found)}; give more of the id` }
  const others = spanIds.length === 0 ? '' : `; it has ${listed(spanIds)}`
  return { ok: false, message: `the trace has no ${what} ${text}${others}` }
}

function listed(spanIds: readonly string[]): string {
  return `${spanIds.slice(0, MAX_NAMED).join(', ')}${spanIds.length > MAX_NAMED ? ', …' : ''}`
}
