/**
 * One name for each reason, that of OpenTelemetry's schema (`stop`, `length`, `content_filter`, `tool_call`, `error`), so
 * that a rule need not know the provider. Reasons that are no synonym stay as sent.
 */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['tool_calls', 'tool_call'],
  ['tool-calls', 'tool_call'],
  ['tool_use', 'tool_call'],
  ['function_call', 'tool_call'],
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['STOP', 'stop'],
  ['max_tokens', 'length'],
  ['MAX_TOKENS', 'length'],
  ['content-filter', 'content_filter'],
  ['SAFETY', 'content_filter'],
])

export function normaliseFinishReason(reason: string | undefined): string | undefined {
  if (reason === undefined || reason === '') return undefined
  return SYNONYMS.get(reason) ?? reason
}
