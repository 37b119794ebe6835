/**
 * OpenInference, the convention of Arize's and Phoenix's instrumentations.
 * https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
 */
import type { Message, RetrievedDocument, SpanEvent, SpanKind } from '../model/span.ts'
import type { AttributeBag } from './attribute-bag.ts'
import { asJsonText, parseJson, property } from './json.ts'
import { inOrder, readMessages } from './openinference-messages.ts'
import { asAmount, asText } from './values.ts'
import type { FieldKeys, Vocabulary } from './vocabulary.ts'

export const openInferenceFields: FieldKeys = {
  agentName: ['agent.name'],
  agentVersion: [],
  sessionId: ['session.id'],
  userId: ['user.id'],
  provider: ['llm.provider', 'llm.system'],
  model: ['llm.model_name', 'embedding.model_name'],
  toolName: ['tool.name'],
  toolCallId: ['tool_call.id', 'tool.id'],
  finishReason: ['llm.finish_reason'],
  tokensInput: ['llm.token_count.prompt'],
  tokensOutput: ['llm.token_count.completion'],
  tokensTotal: ['llm.token_count.total'],
  tokensCachedInput: ['llm.token_count.prompt_details.cache_read'],
  tokensReasoning: ['llm.token_count.completion_details.reasoning'],
  costUsd: ['llm.cost.total'],
  timeToFirstTokenSeconds: [],
}

const KIND_OF: ReadonlyMap<string, SpanKind> = new Map([
  ['LLM', 'llm'],
  ['EMBEDDING', 'embedding'],
  ['CHAIN', 'chain'],
  ['RETRIEVER', 'retriever'],
  ['TOOL', 'tool'],
  ['AGENT', 'agent'],
  ['GUARDRAIL', 'guardrail'],
])

const FIRST_TOKEN_EVENT = 'First Token Stream Event'

export interface OpenInference {
  /** Undefined when the span isn't of this convention; `other` for kinds that are no subject (RERANKER, EVALUATOR, …). */
  kindOf(bag: AttributeBag): SpanKind | undefined
  inputMessages(bag: AttributeBag): Message[] | undefined
  outputMessages(bag: AttributeBag): Message[] | undefined
  /** `input.value`, whatever its MIME type. */
  inputValue(bag: AttributeBag): string | undefined
  outputValue(bag: AttributeBag): string | undefined
  toolParameters(bag: AttributeBag): string | undefined
  documents(bag: AttributeBag): RetrievedDocument[] | undefined
  /** What was embedded, several texts on lines of their own. */
  embeddedText(bag: AttributeBag): string | undefined
  /** The model among the call's parameters: all that failed calls have. */
  requestedModel(bag: AttributeBag): string | undefined
  /** Milliseconds from the start to the event of the first token, where there is one. */
  timeToFirstTokenMs(events: readonly SpanEvent[], startTimeUs: number): number | undefined
  /** Cost of prompt and completion together, for spans without a total. */
  costOfPartsUsd(bag: AttributeBag): number | undefined
}

export function createOpenInference(vocabulary: Vocabulary): OpenInference {
  const slot = vocabulary.slot
  const spanKind = slot('openinference.span.kind')
  const inputValue = slot('input.value')
  const outputValue = slot('output.value')
  const toolParameters = slot('tool.parameters')
  const invocationParameters = slot('llm.invocation_parameters')
  const costPrompt = slot('llm.cost.prompt')
  const costCompletion = slot('llm.cost.completion')

  const takeJsonText = (bag: AttributeBag, at: number): string | undefined => {
    const text = asJsonText(bag.peek(at))
    if (text !== undefined) bag.consume(at)
    return text
  }

  return {
    kindOf: (bag) => {
      const name = bag.peek(spanKind)
      if (typeof name !== 'string' || name === '') return undefined
      const kind = KIND_OF.get(name.toUpperCase())
      if (kind === undefined) return 'other'
      bag.consume(spanKind)
      return kind
    },
    inputMessages: (bag) => (bag.hasIndexed('input') ? readMessages(bag, 'input', 'user') : undefined),
    outputMessages: (bag) => (bag.hasIndexed('output') ? readMessages(bag, 'output', 'assistant') : undefined),
    inputValue: (bag) => takeJsonText(bag, inputValue),
    outputValue: (bag) => takeJsonText(bag, outputValue),
    toolParameters: (bag) => takeJsonText(bag, toolParameters),
    documents: (bag) => (bag.hasIndexed('documents') ? readDocuments(bag) : undefined),
    embeddedText: (bag) => {
      if (!bag.hasIndexed('embeddings')) return undefined
      const texts = new Map<number, string>()
      bag.forEachIndexed('embeddings', (key, value) => {
        if (typeof value === 'string') texts.set(key.item, value)
        return typeof value === 'string'
      })
      return texts.size === 0 ? undefined : inOrder(texts).join('\n')
    },
    requestedModel: (bag) => {
      const text = bag.peek(invocationParameters)
      const parameters = typeof text === 'string' ? parseJson(text) : undefined
      if (typeof parameters !== 'object' || parameters === null) return undefined
      const model = property(parameters, 'model')
      return typeof model === 'string' && model !== '' ? model : undefined
    },
    timeToFirstTokenMs: (events, startTimeUs) => {
      const first = events.find((event) => event.name === FIRST_TOKEN_EVENT)
      return first === undefined || first.timeUs < startTimeUs ? undefined : (first.timeUs - startTimeUs) / 1000
    },
    costOfPartsUsd: (bag) => {
      const prompt = asAmount(bag.peek(costPrompt))
      const completion = asAmount(bag.peek(costCompletion))
      return prompt === undefined || completion === undefined ? undefined : prompt + completion
    },
  }
}

function readDocuments(bag: AttributeBag): RetrievedDocument[] {
  const documents = new Map<number, RetrievedDocument>()
  bag.forEachIndexed('documents', (key, value) => {
    let document = documents.get(key.item)
    if (document === undefined) {
      document = { id: undefined, text: undefined, score: undefined }
      documents.set(key.item, document)
    }
    switch (key.field) {
      case 'id':
        document.id = asText(value)
        return document.id !== undefined
      case 'content':
        document.text = asText(value)
        return document.text !== undefined
      default:
        if (typeof value !== 'number' || !Number.isFinite(value)) return false
        document.score = value
        return true
    }
  })
  return inOrder(documents)
}
