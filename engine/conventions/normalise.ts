/**
 * From what clients send to the trace model. Conventions are tables and a few readers for what no table can say (`profiles.ts` has them in
 * their order); a span may follow two of them, then the one that names its kind goes first and the others fill the gaps.
 */
import type { Attributes, Message, Span } from '../model/span.ts'
import {
  decodeTraces,
  microseconds,
  type RawResource,
  type RawScope,
  type RawSpan,
  subMicroseconds,
} from '../otlp/decode.ts'
import { createAttributeBag } from './attribute-bag.ts'
import type { Reader } from './convention.ts'
import { normaliseFinishReason } from './finish-reason.ts'
import { parseIndexedKey } from './indexed-keys.ts'
import { inputTextOf, outputTextOf } from './messages.ts'
import { createProfiles, type Profile } from './profiles.ts'
import { type ResourceFields, resourceFields } from './resource.ts'
import type { UnreadConventions } from './unread.ts'
import { asText, takeAmount, takeCount, takeText } from './values.ts'

export type RecordOutcome = { ok: true; spans: Span[] } | { ok: false; message: string }

const profiles = createProfiles()
// One bag for the thread: a span is mapped from start to end without a pause.
const bag = createAttributeBag(profiles.vocabulary, parseIndexedKey, profiles.marksOf)

/** Which parts of a span its reader looks at. Leaving out what nobody reads saves a sixth of the work. */
export interface SpanParts {
  /** `inputText` and `inputMessages` of model and agent spans; undefined in the span when false. */
  readonly inputs: boolean
  /** `attributes`; empty in the span when false. */
  readonly attributes: boolean
}

const ALL_PARTS: SpanParts = { inputs: true, attributes: true }
const NO_ATTRIBUTES: Attributes = new Map()

/**
 * The spans of a record of `agent-traces` (protobuf bytes of an ExportTraceServiceRequest), in the order sent. Odd values
 * never fail it: what fits no field stays an attribute. Only bytes that are no such message do.
 */
export function decodeRecord(
  tenant: string,
  value: Uint8Array,
  parts: SpanParts = ALL_PARTS,
  unread?: UnreadConventions,
): RecordOutcome {
  const spans: Span[] = []
  let lastResource: RawResource | null = null
  let fields: ResourceFields | null = null
  const outcome = decodeTraces(value, (span, resource, scope) => {
    if (fields === null || resource !== lastResource) {
      lastResource = resource
      fields = resourceFields(resource)
    }
    const normalised = normaliseSpan(tenant, span, resource, fields, scope, parts)
    if (normalised.convention === 'none') unread?.look(span.keys, scope.name ?? '')
    spans.push(normalised)
  })
  return outcome.ok ? { ok: true, spans } : outcome
}

/**
 * `decodeRecord` for whoever wants roots alone: null at the places of spans with a parent, which are not read. That costs a fraction, as most
 * spans have one.
 */
export function decodeRoots(
  tenant: string,
  value: Uint8Array,
): { ok: true; spans: (Span | null)[] } | { ok: false; message: string } {
  const spans: (Span | null)[] = []
  const outcome = decodeTraces(
    value,
    (span, resource, scope) =>
      spans.push(normaliseSpan(tenant, span, resource, resourceFields(resource), scope, ALL_PARTS)),
    () => spans.push(null),
  )
  return outcome.ok ? { ok: true, spans } : outcome
}

/** `decodeRecord` for bytes that are known to be good, such as our own fixtures. Throws an Error when they are not. */
export function normaliseRecord(tenant: string, value: Uint8Array): Span[] {
  const outcome = decodeRecord(tenant, value)
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.spans
}

interface Content {
  inputText: string | undefined
  inputMessages: Message[] | undefined
  outputText: string | undefined
  outputMessages: Message[] | undefined
}

function normaliseSpan(
  tenant: string,
  raw: RawSpan,
  resource: RawResource,
  fromResource: ResourceFields,
  scope: RawScope,
  parts: SpanParts,
): Span {
  bag.load(raw.keys, raw.values)
  const { profile, kind } = profiles.find(bag, raw)
  const { slots, own } = profile
  const isLlm = kind === 'llm'
  const isTool = kind === 'tool'
  const isRetriever = kind === 'retriever'
  const isKnown = own !== null

  const toolArguments = isTool ? first(profile.toolArguments, raw) : undefined
  const toolResult = isTool ? first(profile.toolResult, raw) : undefined
  const retrievalQuery = isRetriever ? first(profile.retrievalQuery, raw) : undefined
  const documents = isRetriever ? first(profile.documents, raw) : undefined
  const content =
    kind === 'embedding'
      ? contentOfEmbedding(profile, raw)
      : isKnown && !isTool && !isRetriever
        ? contentOf(profile, raw, parts.inputs)
        : NO_CONTENT
  const finishReason = isLlm ? finishReasonOf(profile, raw, content.outputMessages) : undefined

  const usage = isLlm ? first(profile.usage, raw) : undefined
  const tokensInput = isLlm ? (takeCount(bag, slots.tokensInput) ?? usage?.input) : undefined
  const tokensOutput = isLlm ? (takeCount(bag, slots.tokensOutput) ?? usage?.output) : undefined
  const sentTotal = isLlm ? (takeCount(bag, slots.tokensTotal) ?? usage?.total) : undefined
  const costMicroUsd = isLlm ? costOf(profile, raw) : undefined
  const failure = own?.failure?.(bag, raw)
  const provider = isKnown ? takeText(bag, slots.provider) : undefined

  const startTimeUs = microseconds(raw.startLow, raw.startHigh)
  const startTimeSubUs = subMicroseconds(raw.startLow, raw.startHigh)
  const endTimeUs = microseconds(raw.endLow, raw.endHigh)
  const hasStart = raw.startLow !== 0 || raw.startHigh !== 0
  const durationNs = hasStart
    ? (endTimeUs - startTimeUs) * 1000 + subMicroseconds(raw.endLow, raw.endHigh) - startTimeSubUs
    : 0

  return {
    tenant,
    traceId: raw.traceId,
    spanId: raw.spanId,
    parentSpanId: raw.parentSpanId,
    kind,
    name: raw.name,
    // A span without a start is put where it ended.
    startTimeUs: hasStart ? startTimeUs : endTimeUs,
    startTimeSubUs: hasStart ? startTimeSubUs : subMicroseconds(raw.endLow, raw.endHigh),
    durationNs: Math.min(Math.max(durationNs, 0), Number.MAX_SAFE_INTEGER),
    status: failure !== undefined && raw.status === 'unset' ? 'error' : raw.status,
    statusMessage: raw.statusMessage ?? (failure || undefined),
    agentName:
      (isKnown ? takeText(bag, slots.agentName) : undefined) ??
      fromResource.agentName ??
      (kind === 'agent' ? own?.agentName?.(bag, raw) : undefined) ??
      fromResource.serviceName,
    agentVersion: (isKnown ? takeText(bag, slots.agentVersion) : undefined) ?? fromResource.agentVersion,
    env: takeText(bag, slots.env) ?? fromResource.env,
    sessionId: takeText(bag, slots.sessionId) ?? fromResource.sessionId,
    userId: takeText(bag, slots.userId) ?? fromResource.userId,
    provider: provider === undefined || own?.providerName === undefined ? provider : own.providerName(provider),
    model: isKnown ? (takeText(bag, slots.model) ?? first(profile.model, raw)) : undefined,
    inputText: content.inputText,
    inputMessages: content.inputMessages,
    outputText: content.outputText,
    outputMessages: content.outputMessages,
    tokensInput,
    tokensOutput,
    tokensTotal:
      sentTotal ?? (tokensInput !== undefined && tokensOutput !== undefined ? tokensInput + tokensOutput : undefined),
    tokensCachedInput: isLlm ? (takeCount(bag, slots.tokensCachedInput) ?? usage?.cachedInput) : undefined,
    tokensReasoning: isLlm ? (takeCount(bag, slots.tokensReasoning) ?? usage?.reasoning) : undefined,
    costMicroUsd,
    costSource: costMicroUsd === undefined ? undefined : 'span',
    toolName: isTool ? (takeText(bag, slots.toolName) ?? own?.toolName?.(bag, raw)) : undefined,
    toolCallId: isTool ? takeText(bag, slots.toolCallId) : undefined,
    toolArguments,
    toolResult,
    retrievalQuery,
    documents,
    finishReason,
    timeToFirstTokenMs: isLlm
      ? (milliseconds(takeAmount(bag, slots.timeToFirstTokenSeconds)) ??
        takeAmount(bag, slots.timeToFirstTokenMs) ??
        first(profile.timeToFirstTokenMs, raw))
      : undefined,
    errorMessage: errorMessageOf(raw) ?? (failure || undefined),
    convention: profile.convention,
    attributes: parts.attributes ? bag.rest() : NO_ATTRIBUTES,
    resource: resource.attributes,
    scopeName: scope.name,
    scopeVersion: scope.version,
    events: raw.events,
    links: raw.links,
  }
}

const NO_CONTENT: Content = {
  inputText: undefined,
  inputMessages: undefined,
  outputText: undefined,
  outputMessages: undefined,
}

/** What the first reader that has an answer says. */
function first<T>(readers: readonly Reader<T>[], raw: RawSpan): T | undefined {
  for (const read of readers) {
    const value = read(bag, raw)
    if (value !== undefined) return value
  }
  return undefined
}

function contentOf(profile: Profile, raw: RawSpan, withInputs: boolean): Content {
  const inputMessages = withInputs ? first(profile.inputMessages, raw) : undefined
  const outputMessages = first(profile.outputMessages, raw)
  return {
    // Where there are messages, OpenInference's `input.value` is the whole request: not what was said.
    inputText:
      inputMessages === undefined
        ? withInputs
          ? first(profile.inputText, raw)
          : undefined
        : inputTextOf(inputMessages),
    inputMessages,
    outputText: outputMessages === undefined ? first(profile.outputText, raw) : outputTextOf(outputMessages),
    outputMessages,
  }
}

/** The vectors of an embedding are no answer: they stay where they are. */
function contentOfEmbedding(profile: Profile, raw: RawSpan): Content {
  return { ...NO_CONTENT, inputText: first(profile.embeddedText, raw) ?? first(profile.inputText, raw) }
}

function finishReasonOf(
  profile: Profile,
  raw: RawSpan,
  outputMessages: readonly Message[] | undefined,
): string | undefined {
  const listed = first(profile.finishReason, raw)
  const sent = takeText(bag, profile.slots.finishReason)
  return normaliseFinishReason(listed ?? sent ?? outputMessages?.find((message) => message.finishReason)?.finishReason)
}

function costOf(profile: Profile, raw: RawSpan): number | undefined {
  const costUsd = takeAmount(bag, profile.slots.costUsd, isCost) ?? first(profile.costUsd, raw)
  return costUsd !== undefined && isCost(costUsd) ? microUsdOf(costUsd) : undefined
}

const microUsdOf = (costUsd: number): number => Math.round(costUsd * 1e6)

/** What does not fit the field stays an attribute. */
const isCost = (costUsd: number): boolean => Number.isSafeInteger(microUsdOf(costUsd))

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}

/** The last recorded exception's message, else its type; else what the error status says. */
function errorMessageOf(raw: RawSpan): string | undefined {
  for (let i = raw.events.length - 1; i >= 0; i--) {
    const event = raw.events[i]!
    if (event.name !== 'exception') continue
    const message = asText(event.attributes.get('exception.message')) ?? asText(event.attributes.get('exception.type'))
    if (message !== undefined) return message
  }
  return raw.status === 'error' ? raw.statusMessage : undefined
}
