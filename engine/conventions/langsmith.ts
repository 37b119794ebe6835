/**
 * LangChain and LangGraph through LangSmith's OpenTelemetry exporter. Inputs and outputs are the runs' own, as JSON: messages as LangChain
 * writes them, alone, in lists of lists, or inside their constructors' arguments.
 * https://docs.langchain.com/langsmith/trace-with-opentelemetry
 */
import type { AttributeValue, Message, RetrievedDocument, SpanKind } from '../model/span.ts'
import type { AttributeBag } from './attribute-bag.ts'
import type { ConventionReader, Usage } from './convention.ts'
import { asJsonText, parseJson, property } from './json.ts'
import { langChainMessages } from './langchain-messages.ts'
import { asAmount } from './values.ts'
import type { FieldKeys, Vocabulary } from './vocabulary.ts'

export const langSmithFields: Partial<FieldKeys> = {
  agentName: ['langsmith.metadata.lc_agent_name'],
  sessionId: ['langsmith.metadata.session_id', 'langsmith.metadata.thread_id', 'langsmith.metadata.conversation_id'],
  userId: ['langsmith.metadata.user_id'],
  provider: ['langsmith.metadata.ls_provider'],
  model: ['langsmith.metadata.ls_model_name'],
}

const KIND_OF: ReadonlyMap<string, SpanKind> = new Map([
  ['llm', 'llm'],
  ['tool', 'tool'],
  ['retriever', 'retriever'],
  ['embedding', 'embedding'],
  ['chain', 'chain'],
])

export function createLangSmith(vocabulary: Vocabulary): ConventionReader {
  const slot = vocabulary.slot
  const spanKind = slot('langsmith.span.kind')
  const input = slot('gen_ai.prompt')
  const output = slot('gen_ai.completion')
  const usageMetadata = slot('langsmith.metadata.usage_metadata')

  const objectAt = (bag: AttributeBag, at: number): object | undefined => {
    const sent = bag.peek(at)
    const parsed = typeof sent === 'string' ? parseJson(sent) : undefined
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined
  }
  const takeText = (bag: AttributeBag, at: number): string | undefined => {
    const taken = asJsonText(bag.peek(at))
    if (taken !== undefined) bag.consume(at)
    return taken
  }
  const generations = (bag: AttributeBag): unknown[] | undefined => {
    const found = property(objectAt(bag, output) ?? {}, 'generations')
    return Array.isArray(found) ? found.flat() : undefined
  }

  return {
    convention: 'langsmith',
    marks: ['langsmith.span.kind'],
    fields: langSmithFields,
    kindOf: (bag) => {
      const name = bag.peek(spanKind)
      if (typeof name !== 'string' || name === '') return undefined
      const kind = KIND_OF.get(name)
      if (kind !== undefined) bag.consume(spanKind)
      return kind ?? 'other'
    },
    toolName: (_bag, span) => span.name || undefined,
    readers: {
      inputMessages: (bag) => {
        const messages = langChainMessages(property(objectAt(bag, input) ?? {}, 'messages'))
        if (messages !== undefined) bag.consume(input)
        return messages
      },
      outputMessages: (bag) => {
        const said = generations(bag)?.map(
          (one) => property(Object(one) as object, 'message') ?? property(Object(one) as object, 'text'),
        )
        const all = langChainMessages(said ?? property(objectAt(bag, output) ?? {}, 'messages'))
        if (all === undefined) return undefined
        const answers = answersOf(all)
        // The rest of a graph's state stays where it was.
        if (answers.length === all.length) bag.consume(output)
        return answers
      },
      inputText: (bag) => takeText(bag, input),
      outputText: (bag) => takeText(bag, output),
      toolArguments: (bag) => takeText(bag, input),
      toolResult: (bag) => {
        const result = property(objectAt(bag, output) ?? {}, 'output')
        const content = typeof result === 'object' && result !== null ? property(result, 'content') : result
        const sent = takeText(bag, output)
        return typeof content === 'string' ? content : sent
      },
      retrievalQuery: (bag) => {
        const query = property(objectAt(bag, input) ?? {}, 'query')
        const sent = takeText(bag, input)
        return typeof query === 'string' ? query : sent
      },
      documents: (bag) => documentsOf(property(objectAt(bag, output) ?? {}, 'documents')),
      finishReason: (bag) => {
        const info = property(Object(generations(bag)?.[0]) as object, 'generation_info')
        const reason = typeof info === 'object' && info !== null ? property(info, 'finish_reason') : undefined
        return typeof reason === 'string' ? reason : undefined
      },
      usage: (bag) => usageOf(objectAt(bag, usageMetadata)),
    },
  }
}

/** A graph gives back its whole state: the answer is what was said last. */
function answersOf(messages: Message[]): Message[] {
  const last = messages.findLast(({ role }) => role === 'assistant')
  return messages.some(({ role }) => role !== 'assistant') && last !== undefined ? [last] : messages
}

/** The texts and ids of LangChain's documents; a score is what a retriever put into their metadata. */
function documentsOf(value: unknown): RetrievedDocument[] | undefined {
  if (!Array.isArray(value)) return undefined
  return value
    .filter((one) => typeof one === 'object' && one !== null)
    .map((one: object) => {
      const id = property(one, 'id')
      const text = property(one, 'page_content')
      const metadata = property(one, 'metadata')
      const score = typeof metadata === 'object' && metadata !== null ? property(metadata, 'score') : undefined
      return {
        id: typeof id === 'string' ? id : undefined,
        text: typeof text === 'string' ? text : undefined,
        score: typeof score === 'number' ? score : undefined,
      }
    })
}

function usageOf(metadata: object | undefined): Usage | undefined {
  if (metadata === undefined) return undefined
  const count = (key: string, inner?: string): number | undefined => {
    const outer = property(metadata, key)
    const value =
      inner === undefined ? outer : typeof outer === 'object' && outer !== null ? property(outer, inner) : undefined
    const amount = asAmount(value as AttributeValue | undefined)
    return amount !== undefined && Number.isSafeInteger(amount) ? amount : undefined
  }
  return {
    input: count('input_tokens'),
    output: count('output_tokens'),
    total: count('total_tokens'),
    cachedInput: count('input_token_details', 'cache_read'),
    reasoning: count('output_token_details', 'reasoning'),
  }
}
