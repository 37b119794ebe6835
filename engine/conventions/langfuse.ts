/**
 * Langfuse's SDKs. Inputs and outputs are any JSON; usage and cost are objects in JSON, whose keys the caller may choose.
 * https://langfuse.com/integrations/native/opentelemetry
 */
import type { AttributeValue, Message, SpanKind } from '../model/span.ts'
import { microseconds } from '../otlp/decode.ts'
import type { AttributeBag } from './attribute-bag.ts'
import { namedArguments, questionOf, unquoted } from './called-with.ts'
import type { ConventionReader, Usage } from './convention.ts'
import { documentsFromJson } from './documents.ts'
import { asJsonText, parseJson, property } from './json.ts'
import { conversationOf } from './messages.ts'
import { asAmount, asText } from './values.ts'
import type { FieldKeys, Vocabulary } from './vocabulary.ts'

export const langfuseFields: Partial<FieldKeys> = {
  agentVersion: ['langfuse.release', 'langfuse.version'],
  env: ['langfuse.environment'],
  sessionId: ['session.id', 'langfuse.session.id'],
  userId: ['user.id', 'langfuse.user.id'],
  model: ['langfuse.observation.model.name'],
}

const KIND_OF: ReadonlyMap<string, SpanKind> = new Map([
  ['generation', 'llm'],
  ['embedding', 'embedding'],
  ['tool', 'tool'],
  ['retriever', 'retriever'],
  ['agent', 'agent'],
  ['chain', 'chain'],
  ['guardrail', 'guardrail'],
])

export function createLangfuse(vocabulary: Vocabulary): ConventionReader {
  const slot = vocabulary.slot
  const type = slot('langfuse.observation.type')
  const input = slot('langfuse.observation.input')
  const output = slot('langfuse.observation.output')
  const level = slot('langfuse.observation.level')
  const statusMessage = slot('langfuse.observation.status_message')
  const usageDetails = slot('langfuse.observation.usage_details')
  const costDetails = slot('langfuse.observation.cost_details')
  // The OpenAI wrapper for Python tells it so.
  const finishReason = slot('langfuse.observation.metadata.finish_reason')
  const completionStart = slot('langfuse.observation.completion_start_time')

  const takeText = (bag: AttributeBag, at: number): string | undefined => {
    const taken = asJsonText(bag.peek(at))
    if (taken !== undefined) bag.consume(at)
    return taken
  }
  const takeMessages = (bag: AttributeBag, at: number, role: string): Message[] | undefined => {
    const messages = conversationOf(bag.peek(at), role)
    if (messages !== undefined) bag.consume(at)
    return messages
  }
  const takeSaid = (bag: AttributeBag, at: number): string | undefined => {
    const taken = takeText(bag, at)
    return taken === undefined ? undefined : questionOf(taken)
  }

  return {
    convention: 'langfuse',
    marks: ['langfuse.observation.type'],
    fields: langfuseFields,
    kindOf: (bag) => {
      const name = bag.peek(type)
      if (typeof name !== 'string' || name === '') return undefined
      const kind = KIND_OF.get(name.toLowerCase())
      if (kind !== undefined) bag.consume(type)
      return kind ?? 'other'
    },
    agentName: (_bag, span) => span.name || undefined,
    toolName: (_bag, span) => span.name || undefined,
    failure: (bag) => {
      if (bag.peek(level) !== 'ERROR') return undefined
      bag.consume(level)
      const message = asText(bag.peek(statusMessage))
      if (message !== undefined) bag.consume(statusMessage)
      return message ?? ''
    },
    readers: {
      inputMessages: (bag) => takeMessages(bag, input, 'user'),
      outputMessages: (bag) => takeMessages(bag, output, 'assistant'),
      inputText: (bag) => takeSaid(bag, input),
      outputText: (bag) => takeSaid(bag, output),
      embeddedText: (bag) => takeSaid(bag, input),
      toolArguments: (bag) => {
        const taken = takeText(bag, input)
        return taken === undefined ? undefined : namedArguments(taken)
      },
      toolResult: (bag) => takeText(bag, output),
      retrievalQuery: (bag) => takeSaid(bag, input),
      documents: (bag) => {
        const found = documentsFromJson(objectOf(bag.peek(output)))
        if (found !== undefined && !found.hasMore) bag.consume(output)
        return found?.documents
      },
      usage: (bag) => usageOf(objectOf(bag.peek(usageDetails))),
      costUsd: (bag) => {
        const costs = objectOf(bag.peek(costDetails))
        return costs === undefined ? undefined : asAmount(property(costs, 'total') as AttributeValue)
      },
      finishReason: (bag) => {
        const sent = asText(bag.peek(finishReason))
        if (sent !== undefined) bag.consume(finishReason)
        return sent === undefined ? undefined : unquoted(sent)
      },
      timeToFirstTokenMs: (bag, span) => {
        const sent = asText(bag.peek(completionStart))
        const firstMs = sent === undefined ? Number.NaN : Date.parse(unquoted(sent))
        const waitedMs = firstMs - microseconds(span.startLow, span.startHigh) / 1000
        if (Number.isNaN(waitedMs) || waitedMs < 0) return undefined
        bag.consume(completionStart)
        return waitedMs
      },
    },
  }
}

function objectOf(value: AttributeValue | undefined): object | undefined {
  const parsed = typeof value === 'string' ? parseJson(value) : undefined
  return typeof parsed === 'object' && parsed !== null ? parsed : undefined
}

/**
 * Of the caller's keys those that the SDKs write themselves. The SDK for JavaScript takes cached tokens out of `input` and reasoning out of
 * `output`, and its total says so: it is the sum of all four.
 */
function usageOf(details: object | undefined): Usage | undefined {
  if (details === undefined) return undefined
  const count = (...paths: string[][]): number | undefined => {
    for (const [key, inner] of paths) {
      let value = property(details, key!)
      if (inner !== undefined) value = typeof value === 'object' && value !== null ? property(value, inner) : undefined
      const amount = asAmount(value as AttributeValue)
      if (amount !== undefined && Number.isSafeInteger(amount)) return amount
    }
    return undefined
  }
  const cachedInput = count(
    ['input_cached_tokens'],
    ['cache_read_input_tokens'],
    ['prompt_tokens_details', 'cached_tokens'],
  )
  const reasoning = count(['output_reasoning_tokens'], ['completion_tokens_details', 'reasoning_tokens'])
  const input = count(['input'], ['prompt_tokens'], ['input_tokens'])
  const output = count(['output'], ['completion_tokens'], ['output_tokens'])
  const total = count(['total'], ['total_tokens'])
  const apart =
    input !== undefined && output !== undefined && total === input + output + (cachedInput ?? 0) + (reasoning ?? 0)
  return {
    input: apart ? input + (cachedInput ?? 0) : input,
    output: apart ? output + (reasoning ?? 0) : output,
    total,
    cachedInput,
    reasoning,
  }
}
