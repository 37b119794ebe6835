/**
 * One name for each reason, that of OpenTelemetry's schema (`stop`, `length`, `content_filter`, `tool_call`, `error`). The normalisers
 * take what a provider sends to it, and the checker tells who compares with a name that is never stored.
 */
export const FINISH_REASON_SYNONYMS: ReadonlyMap<string, string> = new Map([
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
