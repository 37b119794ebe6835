/**
 * OpenInference, the convention of Arize's and Phoenix's instrumentations.
 * https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
 */
import type { RetrievedDocument, SpanKind } from '../model/span.ts'
import { microseconds } from '../otlp/decode.ts'
import type { AttributeBag } from './attribute-bag.ts'
import type { ConventionReader } from './convention.ts'
import { inOrder, readMessages } from './indexed-messages.ts'
import { asJsonText, parseJson, property } from './json.ts'
import { asAmount, asText } from './values.ts'
import type { FieldKeys, Vocabulary } from './vocabulary.ts'

export const openInferenceFields: Partial<FieldKeys> = {
  agentName: ['agent.name'],
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

export function createOpenInference(vocabulary: Vocabulary): ConventionReader {
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
    convention: 'openinference',
    marks: ['openinference.span.kind'],
    fields: openInferenceFields,
    kindOf: (bag) => {
      const name = bag.peek(spanKind)
      if (typeof name !== 'string' || name === '') return undefined
      const kind = KIND_OF.get(name.toUpperCase())
      if (kind === undefined) return 'other'
      bag.consume(spanKind)
      return kind
    },
    agentName: (_bag, span) => span.name || undefined,
    readers: {
      inputMessages: (bag) => (bag.hasIndexed('input') ? readMessages(bag, 'input', 'user') : undefined),
      outputMessages: (bag) => (bag.hasIndexed('output') ? readMessages(bag, 'output', 'assistant') : undefined),
      // `input.value`, whatever its MIME type.
      inputText: (bag) => takeJsonText(bag, inputValue),
      outputText: (bag) => takeJsonText(bag, outputValue),
      // `tool.parameters` may be a schema, `input.value` is the call.
      toolArguments: (bag) => takeJsonText(bag, inputValue) ?? takeJsonText(bag, toolParameters),
      toolResult: (bag) => takeJsonText(bag, outputValue),
      retrievalQuery: (bag) => takeJsonText(bag, inputValue),
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
      // The model among the call's parameters: all that failed calls have.
      model: (bag) => {
        const text = bag.peek(invocationParameters)
        const parameters = typeof text === 'string' ? parseJson(text) : undefined
        if (typeof parameters !== 'object' || parameters === null) return undefined
        const model = property(parameters, 'model')
        return typeof model === 'string' && model !== '' ? model : undefined
      },
      timeToFirstTokenMs: (_bag, span) => {
        const startTimeUs = microseconds(span.startLow, span.startHigh)
        const first = span.events.find((event) => event.name === FIRST_TOKEN_EVENT)
        return first === undefined || first.timeUs < startTimeUs ? undefined : (first.timeUs - startTimeUs) / 1000
      },
      costUsd: (bag) => {
        const prompt = asAmount(bag.peek(costPrompt))
        const completion = asAmount(bag.peek(costCompletion))
        return prompt === undefined || completion === undefined ? undefined : prompt + completion
      },
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
