/**
 * OpenLLMetry (Traceloop). Its model calls follow OpenTelemetry's GenAI convention today; before, `llm.request.type` named the kind and
 * messages were flattened into `gen_ai.prompt.N.*` and `gen_ai.completion.N.*`. Workflows, agents, tasks and tools are its own.
 * https://www.traceloop.com/docs/openllmetry/contributing/semantic-conventions
 */
import type { SpanKind } from '../model/span.ts'
import type { AttributeBag } from './attribute-bag.ts'
import { namedArguments, questionOf, unquoted } from './called-with.ts'
import type { ConventionReader } from './convention.ts'
import { readMessages } from './indexed-messages.ts'
import { asJsonText } from './json.ts'
import { inputTextOf } from './messages.ts'
import { asText } from './values.ts'
import type { FieldKeys, Vocabulary } from './vocabulary.ts'

const PROPERTY = 'traceloop.association.properties.'

export const openLlmetryFields: Partial<FieldKeys> = {
  sessionId: [`${PROPERTY}session_id`, `${PROPERTY}sessionId`, `${PROPERTY}thread_id`, `${PROPERTY}conversation_id`],
  // The last is what OpenAI's own `user` was, in older versions.
  userId: [`${PROPERTY}user_id`, `${PROPERTY}userId`, 'llm.user'],
  finishReason: ['llm.response.finish_reason'],
}

const KIND_OF: ReadonlyMap<string, SpanKind> = new Map([
  ['workflow', 'chain'],
  ['task', 'chain'],
  ['agent', 'agent'],
  ['tool', 'tool'],
])

const KIND_OF_REQUEST: ReadonlyMap<string, SpanKind> = new Map([
  ['chat', 'llm'],
  ['completion', 'llm'],
  ['embedding', 'embedding'],
])

/** A search in a vector store tells of what it found in events of this name. */
const FOUND_EVENT = 'db.query.result'

export function createOpenLlmetry(vocabulary: Vocabulary, otelGenAi: ConventionReader): ConventionReader {
  const slot = vocabulary.slot
  const spanKind = slot('traceloop.span.kind')
  const requestType = slot('llm.request.type')
  const entityName = slot('traceloop.entity.name')
  const entityInput = slot('traceloop.entity.input')
  const entityOutput = slot('traceloop.entity.output')

  const takeName = (bag: AttributeBag): string | undefined => {
    const name = asText(bag.peek(entityName))
    if (name !== undefined) bag.consume(entityName)
    return name
  }
  const take = (bag: AttributeBag, at: number, read: (text: string) => string): string | undefined => {
    const text = asJsonText(bag.peek(at))
    if (text === undefined) return undefined
    bag.consume(at)
    return read(text)
  }

  return {
    convention: 'openllmetry',
    marks: ['traceloop.', 'llm.request.type', 'gen_ai.prompt.', 'gen_ai.completion.'],
    fields: openLlmetryFields,
    kindOf: (bag, span) => {
      const kind = bag.peek(spanKind)
      if (typeof kind === 'string' && kind !== '') {
        if (KIND_OF.has(kind)) bag.consume(spanKind)
        return KIND_OF.get(kind) ?? 'other'
      }
      const type = bag.peek(requestType)
      if (typeof type === 'string' && type !== '') {
        const request = KIND_OF_REQUEST.get(type) ?? 'other'
        if (request !== 'other') bag.consume(requestType)
        return request
      }
      if (span.events.some(({ name }) => name === FOUND_EVENT)) return 'retriever'
      return otelGenAi.kindOf(bag, span)
    },
    agentName: takeName,
    toolName: takeName,
    // `OpenAI`, `Anthropic` in older versions.
    providerName: (sent) => sent.toLowerCase(),
    readers: {
      inputMessages: (bag) => (bag.hasIndexed('prompt') ? readMessages(bag, 'prompt', 'user') : undefined),
      outputMessages: (bag) =>
        bag.hasIndexed('completion') ? readMessages(bag, 'completion', 'assistant') : undefined,
      embeddedText: (bag) => {
        const texts = bag.hasIndexed('prompt') ? readMessages(bag, 'prompt', 'user') : undefined
        return texts === undefined ? undefined : inputTextOf(texts)
      },
      inputText: (bag) => take(bag, entityInput, questionOf),
      outputText: (bag) => take(bag, entityOutput, unquoted),
      toolArguments: (bag) => take(bag, entityInput, namedArguments),
      toolResult: (bag) => take(bag, entityOutput, (text) => text),
      documents: (_bag, { events }) => {
        const found = events.filter(({ name }) => name === FOUND_EVENT)
        if (found.length === 0) return undefined
        return found.map(({ attributes }) => {
          const score = attributes.get('db.query.result.score')
          return {
            id: asText(attributes.get('db.query.result.id')),
            text: asText(attributes.get('db.query.result.document')),
            score: typeof score === 'number' && Number.isFinite(score) ? score : undefined,
          }
        })
      },
    },
  }
}
