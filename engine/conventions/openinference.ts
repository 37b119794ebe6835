/**
 * OpenInference, the convention of Arize's and Phoenix's instrumentations.
 * https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
 */
import type { AttributeValue, Message, MessagePart, RetrievedDocument, SpanKind } from '../model/span.ts'
import type { AttributeBag, IndexedKey } from './attribute-bag.ts'
import { asJsonText } from './json.ts'
import { toolCall } from './messages.ts'
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
  /** Cost of prompt and completion together, for spans without a total. */
  costOfPartsUsd(bag: AttributeBag): number | undefined
}

export function createOpenInference(vocabulary: Vocabulary): OpenInference {
  const slot = vocabulary.slot
  const spanKind = slot('openinference.span.kind')
  const inputValue = slot('input.value')
  const outputValue = slot('output.value')
  const toolParameters = slot('tool.parameters')
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
    costOfPartsUsd: (bag) => {
      const prompt = asAmount(bag.peek(costPrompt))
      const completion = asAmount(bag.peek(costCompletion))
      return prompt === undefined || completion === undefined ? undefined : prompt + completion
    },
  }
}

interface MessageDraft {
  role: string | undefined
  content: string | undefined
  /** `contents`, by their index. */
  parts: Map<number, PartDraft>
  calls: Map<number, CallDraft>
  toolCallId: string | undefined
  finishReason: string | undefined
}

interface PartDraft {
  type: string | undefined
  text: string | undefined
}

interface CallDraft {
  id: string | undefined
  name: string | undefined
  arguments: string | undefined
}

function readMessages(bag: AttributeBag, list: 'input' | 'output', role: string): Message[] | undefined {
  const drafts = new Map<number, MessageDraft>()
  bag.forEachIndexed(list, (key, value) => {
    let draft = drafts.get(key.item)
    if (draft === undefined) {
      draft = {
        role: undefined,
        content: undefined,
        parts: new Map(),
        calls: new Map(),
        toolCallId: undefined,
        finishReason: undefined,
      }
      drafts.set(key.item, draft)
    }
    return fillMessage(draft, key, value)
  })
  const messages = inOrder(drafts).map((draft) => messageOf(draft, role))
  return messages.some((message) => message.parts.length > 0) ? messages : undefined
}

/** Keys arrive in any order. */
function inOrder<T>(byIndex: ReadonlyMap<number, T>): T[] {
  return [...byIndex].sort(([a], [b]) => a - b).map(([, item]) => item)
}

/** Whether the value found a place; what has none (images, names) stays an attribute. */
function fillMessage(draft: MessageDraft, key: IndexedKey, value: AttributeValue): boolean {
  if (typeof value !== 'string') return false
  switch (key.field) {
    case 'role':
      draft.role = value
      return true
    case 'content':
    case 'prompt.text':
    case 'completion.text':
      draft.content = value
      return true
    case 'tool_call_id':
      draft.toolCallId = value
      return true
    case 'finish_reason':
      draft.finishReason = value
      return true
    case 'function_call_name':
      callAt(draft, -1).name = value
      return true
    case 'function_call_arguments_json':
      callAt(draft, -1).arguments = value
      return true
    case 'tool_calls.tool_call.id':
      callAt(draft, key.part).id = value
      return true
    case 'tool_calls.tool_call.function.name':
      callAt(draft, key.part).name = value
      return true
    case 'tool_calls.tool_call.function.arguments':
      callAt(draft, key.part).arguments = value
      return true
    case 'contents.message_content.type':
      partAt(draft, key.part).type = value
      return value === 'text' || value === 'reasoning'
    case 'contents.message_content.text':
      partAt(draft, key.part).text = value
      return true
    default:
      return false
  }
}

function callAt(draft: MessageDraft, index: number): CallDraft {
  let call = draft.calls.get(index)
  if (call === undefined) {
    call = { id: undefined, name: undefined, arguments: undefined }
    draft.calls.set(index, call)
  }
  return call
}

function partAt(draft: MessageDraft, index: number): PartDraft {
  let part = draft.parts.get(index)
  if (part === undefined) {
    part = { type: undefined, text: undefined }
    draft.parts.set(index, part)
  }
  return part
}

function messageOf(draft: MessageDraft, role: string): Message {
  const parts: MessagePart[] = []
  if (draft.toolCallId !== undefined && draft.content !== undefined) {
    parts.push({ type: 'tool_call_response', id: draft.toolCallId, response: draft.content })
  } else if (draft.content !== undefined) parts.push({ type: 'text', content: draft.content })
  for (const part of inOrder(draft.parts)) {
    if (part.text !== undefined)
      parts.push({ type: part.type === 'reasoning' ? 'reasoning' : 'text', content: part.text })
    else if (part.type !== undefined) parts.push({ type: 'other', value: { type: part.type } })
  }
  for (const call of inOrder(draft.calls)) parts.push(toolCall(call.id, call.name, call.arguments))
  const message: Message = { role: draft.role ?? role, parts }
  if (draft.finishReason !== undefined) message.finishReason = draft.finishReason
  return message
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
