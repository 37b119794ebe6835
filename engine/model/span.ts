/**
 * The trace model: what every convention of the field is normalised to.
 *
 * Shapes are flat and every property is always initialised (absent is `undefined`), so that V8 keeps one hidden class for
 * the hot path. A field that the sender did not send is `undefined`; never null, empty or zero.
 */

export type SpanKind = 'agent' | 'llm' | 'tool' | 'retriever' | 'embedding' | 'guardrail' | 'chain' | 'other'

export type SpanStatus = 'unset' | 'ok' | 'error'

/** Which normaliser recognised the span; `none` where no convention did. */
export type Convention = (typeof CONVENTIONS)[number]

export const CONVENTIONS = [
  'otel_genai',
  'openinference',
  'ai_sdk',
  'langfuse',
  'openllmetry',
  'pydantic_ai',
  'langsmith',
  'mcp',
  'none',
] as const

/** An OpenTelemetry attribute value. Bytes are base64 text in `{ bytes }`; 64-bit integers beyond 2^53 are `bigint`. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | { readonly bytes: string }
  | readonly AttributeValue[]
  | ReadonlyMap<string, AttributeValue>

export type Attributes = ReadonlyMap<string, AttributeValue>

export interface SpanEvent {
  readonly name: string
  readonly timeUs: number
  readonly attributes: Attributes
}

export interface SpanLink {
  readonly traceId: string
  readonly spanId: string
  readonly attributes: Attributes
}

/** One part of a message, in the vocabulary of OpenTelemetry GenAI's message schema. */
export type MessagePart =
  | { type: 'text'; content: string }
  | { type: 'reasoning'; content: string }
  | { type: 'tool_call'; id?: string; name?: string; arguments?: unknown }
  | { type: 'tool_call_response'; id?: string; response?: unknown }
  | { type: 'other'; value: unknown }

export interface Message {
  role: string
  parts: MessagePart[]
  finishReason?: string
}

export interface RetrievedDocument {
  id: string | undefined
  text: string | undefined
  score: number | undefined
}

export interface Span {
  readonly tenant: string
  /** 32 lower-case hex digits. */
  readonly traceId: string
  /** 16 lower-case hex digits. */
  readonly spanId: string
  /** 16 hex digits; undefined on a root. */
  readonly parentSpanId: string | undefined
  readonly kind: SpanKind
  readonly name: string
  /** Microseconds since the Unix epoch. */
  readonly startTimeUs: number
  /** The nanoseconds (0–999) below `startTimeUs`. */
  readonly startTimeSubUs: number
  /** End minus start, in integer nanoseconds; never negative. */
  readonly durationNs: number
  readonly status: SpanStatus
  readonly statusMessage: string | undefined
  readonly agentName: string | undefined
  readonly agentVersion: string | undefined
  readonly env: string | undefined
  readonly sessionId: string | undefined
  readonly userId: string | undefined
  readonly provider: string | undefined
  readonly model: string | undefined
  /** The last user message's text. */
  inputText: string | undefined
  inputMessages: readonly Message[] | undefined
  /** The answer's text. */
  outputText: string | undefined
  outputMessages: readonly Message[] | undefined
  readonly tokensInput: number | undefined
  readonly tokensOutput: number | undefined
  readonly tokensTotal: number | undefined
  readonly tokensCachedInput: number | undefined
  readonly tokensReasoning: number | undefined
  /** Integer millionths of a US dollar. */
  readonly costMicroUsd: number | undefined
  readonly costSource: 'span' | 'price_table' | undefined
  readonly toolName: string | undefined
  readonly toolCallId: string | undefined
  /** JSON text as sent. */
  toolArguments: string | undefined
  toolResult: string | undefined
  retrievalQuery: string | undefined
  documents: readonly RetrievedDocument[] | undefined
  readonly finishReason: string | undefined
  readonly timeToFirstTokenMs: number | undefined
  /** The message of the recorded exception or of the error status. */
  readonly errorMessage: string | undefined
  readonly convention: Convention
  /** What no normaliser knows, untouched; resource attributes under their own map. */
  readonly attributes: Attributes
  readonly resource: Attributes
  readonly scopeName: string | undefined
  readonly scopeVersion: string | undefined
  readonly events: readonly SpanEvent[]
  readonly links: readonly SpanLink[]
}

/** Text fields of a span that `.eval` rules may match and redact, as in `dsl/schema.ts`. */
export type TextField = 'input.text' | 'output.text' | 'arguments.text' | 'result.text' | 'query.text'
