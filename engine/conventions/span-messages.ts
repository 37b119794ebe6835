/**
 * Messages of a model call that were sent as log events, apart from its span and in no order with it. They fill what the span itself leaves
 * open: what is on the span stays.
 */
import { createHash } from 'node:crypto'
import type { AttributeValue, Message, Span, SpanEvent } from '../model/span.ts'
import { decodeTraces, microseconds, subMicroseconds } from '../otlp/decode.ts'
import { BODY } from '../otlp/log-records.ts'
import { normaliseFinishReason } from './finish-reason.ts'
import { inputTextOf, messagesOf, outputTextOf, withSystem } from './messages.ts'
import { inputOfEvents, outputOfEvents } from './otel-genai.ts'
import { asText } from './values.ts'

/** Of one event. */
export interface SpanMessages {
  readonly tenant: string
  readonly traceId: string
  readonly spanId: string
  /** When it was said. */
  readonly timeUs: number
  readonly timeSubUs: number
  /** 32 hex digits of the event as it was sent: the same of one that was sent twice. */
  readonly key: string
  inputMessages: readonly Message[] | undefined
  outputMessages: readonly Message[] | undefined
}

export type MessagesOutcome = { ok: true; messages: SpanMessages[] } | { ok: false; message: string }

/** Of a record of `agent-traces` that holds messages (`log-records.ts`), in the order sent. */
export function decodeMessages(tenant: string, value: Uint8Array): MessagesOutcome {
  const messages: SpanMessages[] = []
  const outcome = decodeTraces(value, ({ traceId, spanId, startLow, startHigh, events }) => {
    const timeUs = microseconds(startLow, startHigh)
    const timeSubUs = subMicroseconds(startLow, startHigh)
    for (const event of events) {
      messages.push({ tenant, traceId, spanId, timeUs, timeSubUs, key: keyOf(event), ...sidesOf(event) })
    }
  })
  return outcome.ok ? { ok: true, messages } : outcome
}

function keyOf({ name, timeUs, attributes }: SpanEvent): string {
  const said = JSON.stringify([name, timeUs, attributes], (_, value: unknown) =>
    value instanceof Map ? [...value] : typeof value === 'bigint' ? String(value) : value,
  )
  return createHash('sha256').update(said).digest('hex').slice(0, 32)
}

function sidesOf(sent: SpanEvent): Pick<SpanMessages, 'inputMessages' | 'outputMessages'> {
  const event = withBody(sent)
  const instructions = messagesOf(event.attributes.get('gen_ai.system_instructions'), 'system')
  return {
    inputMessages: withSystem(instructions, inputOfEvents([event])),
    outputMessages: outputOfEvents([event]),
  }
}

/** A log record's body where a span event has its attributes. */
function withBody(event: SpanEvent): SpanEvent {
  const body = event.attributes.get(BODY)
  if (body === undefined || body === null) return event
  const attributes = new Map<string, AttributeValue>(event.attributes)
  attributes.delete(BODY)
  if (!(body instanceof Map)) attributes.set('content', body)
  else if (event.name === 'gen_ai.choice') {
    attributes.set('message', asMessage(body.get('message') ?? null, 'assistant'))
    const finishReason = asText(body.get('finish_reason'))
    if (finishReason !== undefined) attributes.set('finish_reason', finishReason)
  } else if (event.name.endsWith('.message')) attributes.set('content', asMessage(body, event.name.split('.')[1]!))
  else for (const [key, value] of body) attributes.set(key, value)
  return { ...event, attributes }
}

/** Messages that only call tools say neither role nor content. */
function asMessage(value: AttributeValue, role: string): AttributeValue {
  return value instanceof Map && !value.has('role')
    ? new Map<string, AttributeValue>([['role', role], ...value])
    : value
}

/** One of its sides is not told by the span itself. */
export function lacksMessages(span: Span): boolean {
  if (span.kind !== 'llm' && span.kind !== 'agent') return false
  return lacksInput(span) || lacksOutput(span)
}

const lacksInput = ({ inputText, inputMessages }: Span): boolean =>
  inputText === undefined && inputMessages === undefined
const lacksOutput = ({ outputText, outputMessages }: Span): boolean =>
  outputText === undefined && outputMessages === undefined

/** The span with what was said apart from it; the same span where that adds nothing. `messages`: of this span alone, in any order. */
export function withMessages(span: Span, messages: readonly SpanMessages[]): Span {
  if (messages.length === 0 || !lacksMessages(span)) return span
  const ordered = messages.toSorted((a, b) => a.timeUs - b.timeUs || a.timeSubUs - b.timeSubUs)
  const inputMessages = lacksInput(span) ? allOf(ordered.map((one) => one.inputMessages)) : undefined
  const outputMessages = lacksOutput(span) ? allOf(ordered.map((one) => one.outputMessages)) : undefined
  if (inputMessages === undefined && outputMessages === undefined) return span
  return {
    ...span,
    ...(inputMessages && { inputMessages, inputText: inputTextOf(inputMessages) }),
    ...(outputMessages && {
      outputMessages,
      outputText: outputTextOf(outputMessages),
      finishReason: span.finishReason ?? finishReasonOf(span, outputMessages),
    }),
  }
}

/** By trace and span. */
export type MessagesBySpan = ReadonlyMap<string, readonly SpanMessages[]>

type Ids = Pick<Span, 'traceId' | 'spanId'>
const idsOf = ({ traceId, spanId }: Ids): string => traceId + spanId

/** Of one tenant. */
export function bySpan(messages: readonly SpanMessages[]): MessagesBySpan {
  return Map.groupBy(messages, idsOf)
}

export function withAllMessages(spans: Span[], messages: MessagesBySpan): Span[] {
  if (messages.size === 0) return spans
  return spans.map((span) => withMessages(span, messages.get(idsOf(span)) ?? []))
}

function finishReasonOf({ kind }: Span, messages: readonly Message[]): string | undefined {
  if (kind !== 'llm') return undefined
  return normaliseFinishReason(messages.find(({ finishReason }) => finishReason)?.finishReason)
}

function allOf(lists: readonly (readonly Message[] | undefined)[]): Message[] | undefined {
  const all = lists.flatMap((list) => list ?? [])
  return all.length === 0 ? undefined : all
}
