/**
 * From what clients send to the trace model. Conventions are tables and a few readers for what no table can say; a span may
 * follow two of them, then the one that names its kind goes first and the other fills the gaps.
 */
import type { Attributes, Convention, Message, Span, SpanEvent } from '../model/span.ts'
import {
  decodeTraces,
  microseconds,
  type RawResource,
  type RawScope,
  type RawSpan,
  subMicroseconds,
} from '../otlp/decode.ts'
import { createAttributeBag } from './attribute-bag.ts'
import { normaliseFinishReason } from './finish-reason.ts'
import { inputTextOf, outputTextOf } from './messages.ts'
import { createOpenInference, openInferenceFields } from './openinference.ts'
import { parseIndexedKey } from './openinference-keys.ts'
import { createOtelGenAi, otelGenAiFields } from './otel-genai.ts'
import { type ResourceFields, resourceFields } from './resource.ts'
import type { UnreadConventions } from './unread.ts'
import { asText, takeAmount, takeCount, takeText } from './values.ts'
import { createVocabulary, type FieldSlots, fieldSlots } from './vocabulary.ts'

export type RecordOutcome = { ok: true; spans: Span[] } | { ok: false; message: string }

const vocabulary = createVocabulary()
const otelGenAi = createOtelGenAi(vocabulary)
const openInference = createOpenInference(vocabulary)
const otelGenAiFirst = fieldSlots(vocabulary, [otelGenAiFields, openInferenceFields])
const openInferenceFirst = fieldSlots(vocabulary, [openInferenceFields, otelGenAiFields])
// One bag for the thread: a span is mapped from start to end without a pause.
const bag = createAttributeBag(vocabulary, parseIndexedKey)

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
  const openInferenceKind = openInference.kindOf(bag)
  const genAiKind = otelGenAi.kindOf(bag)
  const convention: Convention =
    openInferenceKind !== undefined ? 'openinference' : genAiKind !== undefined ? 'otel_genai' : 'none'
  const kind = openInferenceKind ?? genAiKind ?? 'other'
  const slots = convention === 'openinference' ? openInferenceFirst : otelGenAiFirst
  const isLlm = kind === 'llm'
  const isTool = kind === 'tool'
  const isRetriever = kind === 'retriever'
  const isKnown = convention !== 'none'

  const toolArguments = isTool ? (otelGenAi.toolArguments(bag) ?? valueOfTool()) : undefined
  const toolResult = isTool ? (otelGenAi.toolResult(bag) ?? openInference.outputValue(bag)) : undefined
  const retrievalQuery = isRetriever ? (otelGenAi.retrievalQuery(bag) ?? openInference.inputValue(bag)) : undefined
  const documents = isRetriever ? (openInference.documents(bag) ?? otelGenAi.documents(bag)) : undefined
  const content =
    kind === 'embedding'
      ? contentOfEmbedding()
      : isKnown && !isTool && !isRetriever
        ? contentOf(raw.events, parts.inputs)
        : NO_CONTENT
  const finishReason = isLlm ? finishReasonOf(slots, content.outputMessages) : undefined

  const tokensInput = isLlm ? takeCount(bag, slots.tokensInput) : undefined
  const tokensOutput = isLlm ? takeCount(bag, slots.tokensOutput) : undefined
  const sentTotal = isLlm ? takeCount(bag, slots.tokensTotal) : undefined
  const costMicroUsd = isLlm ? costOf(slots) : undefined

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
    status: raw.status,
    statusMessage: raw.statusMessage,
    agentName:
      (isKnown ? takeText(bag, slots.agentName) : undefined) ??
      fromResource.agentName ??
      (openInferenceKind === 'agent' ? raw.name || undefined : undefined) ??
      fromResource.serviceName,
    agentVersion: (isKnown ? takeText(bag, slots.agentVersion) : undefined) ?? fromResource.agentVersion,
    env: fromResource.env,
    sessionId: takeText(bag, slots.sessionId) ?? fromResource.sessionId,
    userId: takeText(bag, slots.userId) ?? fromResource.userId,
    provider: isKnown ? takeText(bag, slots.provider) : undefined,
    model: isKnown ? (takeText(bag, slots.model) ?? openInference.requestedModel(bag)) : undefined,
    inputText: content.inputText,
    inputMessages: content.inputMessages,
    outputText: content.outputText,
    outputMessages: content.outputMessages,
    tokensInput,
    tokensOutput,
    tokensTotal:
      sentTotal ?? (tokensInput !== undefined && tokensOutput !== undefined ? tokensInput + tokensOutput : undefined),
    tokensCachedInput: isLlm ? takeCount(bag, slots.tokensCachedInput) : undefined,
    tokensReasoning: isLlm ? takeCount(bag, slots.tokensReasoning) : undefined,
    costMicroUsd,
    costSource: costMicroUsd === undefined ? undefined : 'span',
    toolName: isTool ? takeText(bag, slots.toolName) : undefined,
    toolCallId: isTool ? takeText(bag, slots.toolCallId) : undefined,
    toolArguments,
    toolResult,
    retrievalQuery,
    documents,
    finishReason,
    timeToFirstTokenMs: isLlm
      ? (milliseconds(takeAmount(bag, slots.timeToFirstTokenSeconds)) ??
        openInference.timeToFirstTokenMs(raw.events, startTimeUs))
      : undefined,
    errorMessage: errorMessageOf(raw),
    convention,
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

function contentOf(events: readonly SpanEvent[], withInputs: boolean): Content {
  const inputMessages = withInputs
    ? (otelGenAi.inputMessages(bag, events) ?? openInference.inputMessages(bag))
    : undefined
  const outputMessages = otelGenAi.outputMessages(bag, events) ?? openInference.outputMessages(bag)
  return {
    // Where there are messages, `input.value` is the whole request: not what was said.
    inputText:
      inputMessages === undefined
        ? withInputs
          ? openInference.inputValue(bag)
          : undefined
        : inputTextOf(inputMessages),
    inputMessages,
    outputText: outputMessages === undefined ? openInference.outputValue(bag) : outputTextOf(outputMessages),
    outputMessages,
  }
}

/** The vectors of an embedding are no answer: they stay where they are. */
function contentOfEmbedding(): Content {
  return { ...NO_CONTENT, inputText: openInference.embeddedText(bag) ?? openInference.inputValue(bag) }
}

/** OpenInference's TOOL spans: `tool.parameters` may be a schema, `input.value` is the call. */
function valueOfTool(): string | undefined {
  return openInference.inputValue(bag) ?? openInference.toolParameters(bag)
}

function finishReasonOf(slots: FieldSlots, outputMessages: readonly Message[] | undefined): string | undefined {
  const sent = otelGenAi.finishReason(bag) ?? takeText(bag, slots.finishReason)
  return normaliseFinishReason(sent ?? outputMessages?.find((message) => message.finishReason)?.finishReason)
}

function costOf(slots: FieldSlots): number | undefined {
  const costUsd = takeAmount(bag, slots.costUsd, isCost) ?? openInference.costOfPartsUsd(bag)
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
