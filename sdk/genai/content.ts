/** Whether prompts, answers, arguments and results go into spans: only if asked for, as the GenAI conventions want it. */

let isOn: boolean | null = null

/** For all of the SDK; a call's own option comes first. */
export function captureContent(on: boolean): void {
  isOn = on
}

export function capturesContent(own?: boolean): boolean {
  if (own !== undefined) return own
  if (isOn !== null) return isOn
  // The variable of the other instrumentations; its newer values name places, of which spans are one.
  const variable = process.env.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT?.toLowerCase()
  return variable === 'true' || variable === 'span_only' || variable === 'span_and_event'
}

/** JSON, or nothing for what has no JSON: it must never fail in the agent's call. */
export function jsonText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  try {
    return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item))
  } catch {
    return undefined
  }
}
