/**
 * OpenTelemetry's semantic conventions for generative AI, in their latest form and in the older ones that SDKs still send.
 * https://github.com/open-telemetry/semantic-conventions-genai
 */
import type { Message, SpanEvent, SpanKind } from '../model/span.ts'
import type { AttributeBag } from './attribute-bag.ts'
import type { ConventionReader } from './convention.ts'
import { documentsFromJson } from './documents.ts'
import { asJsonText, parseJson, plainJson } from './json.ts'
import { messagesOf, withSystem } from './messages.ts'
import { asText } from './values.ts'
import type { FieldKeys, Vocabulary } from './vocabulary.ts'

export const otelGenAiFields: Partial<FieldKeys> = {
  agentName: ['gen_ai.agent.name'],
  agentVersion: ['gen_ai.agent.version'],
  sessionId: ['gen_ai.conversation.id', 'session.id'],
  userId: ['enduser.id', 'user.id'],
  provider: ['gen_ai.provider.name', 'gen_ai.system'],
  // What the caller asked for; what answered, if it has another name, stays an attribute.
  model: ['gen_ai.request.model', 'gen_ai.response.model'],
  toolName: ['gen_ai.tool.name'],
  toolCallId: ['gen_ai.tool.call.id'],
  tokensInput: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'],
  tokensOutput: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'],
  tokensTotal: ['gen_ai.usage.total_tokens', 'llm.usage.total_tokens'],
  tokensCachedInput: [
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.cache_read_input_tokens',
    'gen_ai.usage.cached_input_tokens',
    'gen_ai.usage.input_tokens.cached',
  ],
  tokensReasoning: [
    'gen_ai.usage.reasoning.output_tokens',
    'gen_ai.usage.reasoning_tokens',
    'gen_ai.usage.output_tokens.reasoning',
    'gen_ai.usage.details.reasoning_tokens',
  ],
  // Of OpenLIT; the conventions themselves have no cost.
  costUsd: ['gen_ai.usage.cost'],
  timeToFirstTokenSeconds: ['gen_ai.response.time_to_first_chunk', 'gen_ai.client.operation.time_to_first_chunk'],
}

const KIND_OF_OPERATION: ReadonlyMap<string, SpanKind> = new Map([
  ['chat', 'llm'],
  ['text_completion', 'llm'],
  ['completion', 'llm'],
  ['generate_content', 'llm'],
  ['embeddings', 'embedding'],
  ['embedding', 'embedding'],
  ['execute_tool', 'tool'],
  ['retrieval', 'retriever'],
  ['invoke_agent', 'agent'],
  ['invoke_workflow', 'chain'],
  ['plan', 'chain'],
  ['agent_step', 'chain'],
])

/** Those that can be told back from the kind. The others stay attributes, so that `completion` is not mistaken for `chat`. */
const CANONICAL_OPERATIONS = new Set([
  'chat',
  'embeddings',
  'execute_tool',
  'retrieval',
  'invoke_agent',
  'invoke_workflow',
])

export function createOtelGenAi(vocabulary: Vocabulary): ConventionReader {
  const slot = vocabulary.slot
  const operation = slot('gen_ai.operation.name')
  const provider = slot('gen_ai.provider.name')
  const system = slot('gen_ai.system')
  const requestModel = slot('gen_ai.request.model')
  const inputMessages = slot('gen_ai.input.messages')
  const outputMessages = slot('gen_ai.output.messages')
  const instructions = slot('gen_ai.system_instructions')
  const toolArguments = slot('gen_ai.tool.call.arguments')
  const toolResult = slot('gen_ai.tool.call.result')
  const query = slot('gen_ai.retrieval.query.text')
  const documents = slot('gen_ai.retrieval.documents')
  const finishReasons = slot('gen_ai.response.finish_reasons')

  const takeMessages = (bag: AttributeBag, at: number, role: string): Message[] | undefined => {
    const messages = messagesOf(bag.peek(at), role)
    if (messages !== undefined) bag.consume(at)
    return messages
  }
  const takeJsonText = (bag: AttributeBag, at: number): string | undefined => {
    const text = asJsonText(bag.peek(at))
    if (text !== undefined) bag.consume(at)
    return text
  }

  return {
    convention: 'otel_genai',
    marks: ['gen_ai.operation.name', 'gen_ai.request.model'],
    fields: otelGenAiFields,
    kindOf: (bag) => {
      const name = bag.peek(operation)
      if (typeof name === 'string' && name !== '') {
        const kind = KIND_OF_OPERATION.get(name)
        if (kind === undefined) return 'other'
        if (CANONICAL_OPERATIONS.has(name)) bag.consume(operation)
        return kind
      }
      // Before version 1.28 no operation was named: a span with a system and a model is a model call.
      if (bag.peek(requestModel) === undefined) return undefined
      if (bag.peek(provider) === undefined && bag.peek(system) === undefined) return undefined
      return 'llm'
    },
    readers: {
      inputMessages: (bag, { events }) => {
        const system = takeMessages(bag, instructions, 'system')
        const messages = takeMessages(bag, inputMessages, 'user') ?? inputOfEvents(events)
        return withSystem(system, messages)
      },
      outputMessages: (bag, { events }) => takeMessages(bag, outputMessages, 'assistant') ?? outputOfEvents(events),
      toolArguments: (bag) => takeJsonText(bag, toolArguments),
      toolResult: (bag) => takeJsonText(bag, toolResult),
      retrievalQuery: (bag) => takeJsonText(bag, query),
      documents: (bag) => {
        const value = bag.peek(documents)
        if (value === undefined) return undefined
        const found = documentsFromJson(typeof value === 'string' ? parseJson(value) : plainJson(value))
        if (found === undefined) return undefined
        if (!found.hasMore) bag.consume(documents)
        return found.documents
      },
      finishReason: (bag) => {
        const value = bag.peek(finishReasons)
        if (value === undefined) return undefined
        let reasons: unknown = value
        // A list, its JSON, or one bare reason.
        if (typeof value === 'string' && value.startsWith('[')) reasons = parseJson(value)
        const first: unknown = Array.isArray(reasons) ? reasons[0] : reasons
        if (typeof first !== 'string' || first === '') return undefined
        const same = !Array.isArray(reasons) || reasons.every((reason) => reason === first)
        if (same) bag.consume(finishReasons)
        return first
      },
    },
  }
}

interface ContentEvent {
  /** Attributes that may hold the content, best first. */
  readonly keys: readonly string[]
  readonly role: string
}

const CONTENT = ['content', 'gen_ai.event.content']

/** Older forms put the content on span events. */
const INPUT_EVENTS: ReadonlyMap<string, ContentEvent> = new Map([
  ['gen_ai.system.message', { keys: CONTENT, role: 'system' }],
  ['gen_ai.user.message', { keys: CONTENT, role: 'user' }],
  ['gen_ai.assistant.message', { keys: CONTENT, role: 'assistant' }],
  ['gen_ai.tool.message', { keys: CONTENT, role: 'tool' }],
  ['gen_ai.content.prompt', { keys: ['gen_ai.prompt'], role: 'user' }],
  ['gen_ai.client.inference.operation.details', { keys: ['gen_ai.input.messages'], role: 'user' }],
])

const OUTPUT_EVENTS: ReadonlyMap<string, ContentEvent> = new Map([
  ['gen_ai.choice', { keys: ['message', ...CONTENT], role: 'assistant' }],
  ['gen_ai.content.completion', { keys: ['gen_ai.completion'], role: 'assistant' }],
  ['gen_ai.client.inference.operation.details', { keys: ['gen_ai.output.messages'], role: 'assistant' }],
])

export const inputOfEvents = (events: readonly SpanEvent[]): Message[] | undefined =>
  messagesOfEvents(events, INPUT_EVENTS)
export const outputOfEvents = (events: readonly SpanEvent[]): Message[] | undefined =>
  messagesOfEvents(events, OUTPUT_EVENTS)

function messagesOfEvents(
  events: readonly SpanEvent[],
  known: ReadonlyMap<string, ContentEvent>,
): Message[] | undefined {
  let messages: Message[] | undefined
  for (const event of events) {
    const source = known.get(event.name)
    if (source === undefined) continue
    const key = source.keys.find((candidate) => event.attributes.has(candidate))
    if (key === undefined) continue
    const found = messagesOf(event.attributes.get(key), asText(event.attributes.get('role')) ?? source.role)
    if (found === undefined) continue
    const finishReason = asText(event.attributes.get('finish_reason'))
    const first = found[0]
    if (finishReason !== undefined && first !== undefined) first.finishReason ??= finishReason
    messages = messages === undefined ? found : [...messages, ...found]
  }
  return messages
}
