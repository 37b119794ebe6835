/** Messages put together from their flattened attributes: OpenInference's, and the older OpenLLMetry's. */
import type { AttributeValue, Message, MessagePart } from '../model/span.ts'
import type { AttributeBag, IndexedKey } from './attribute-bag.ts'
import { parseJson } from './json.ts'
import { imageReference, partFromJson, toolCall } from './message-parts.ts'

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
  imageUrl: string | undefined
}

interface CallDraft {
  id: string | undefined
  name: string | undefined
  arguments: string | undefined
}

/** Undefined when nothing was said in them; `role` is that of messages which name none. */
export function readMessages(bag: AttributeBag, list: IndexedKey['list'], role: string): Message[] | undefined {
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
export function inOrder<T>(byIndex: ReadonlyMap<number, T>): T[] {
  return [...byIndex].sort(([a], [b]) => a - b).map(([, item]) => item)
}

/** Whether the value found a place; what has none (names) stays an attribute. */
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
    case 'tool_calls.id':
    case 'tool_calls.tool_call.id':
      callAt(draft, key.part).id = value
      return true
    case 'tool_calls.name':
    case 'tool_calls.tool_call.function.name':
      callAt(draft, key.part).name = value
      return true
    case 'tool_calls.arguments':
    case 'tool_calls.tool_call.function.arguments':
      callAt(draft, key.part).arguments = value
      return true
    case 'contents.message_content.type':
      partAt(draft, key.part).type = value
      return value === 'text' || value === 'reasoning' || value === 'image'
    case 'contents.message_content.text':
      partAt(draft, key.part).text = value
      return true
    case 'contents.message_content.image.image.url':
      partAt(draft, key.part).imageUrl = value
      return true
    default:
      return false
  }
}

const callAt = ({ calls }: MessageDraft, index: number): CallDraft =>
  draftAt(calls, index, { id: undefined, name: undefined, arguments: undefined })

const partAt = ({ parts }: MessageDraft, index: number): PartDraft =>
  draftAt(parts, index, { type: undefined, text: undefined, imageUrl: undefined })

/** The one that is there, or `empty` from now on. */
function draftAt<T>(drafts: Map<number, T>, index: number, empty: T): T {
  const draft = drafts.get(index) ?? empty
  drafts.set(index, draft)
  return draft
}

function messageOf(draft: MessageDraft, role: string): Message {
  const parts: MessagePart[] = []
  if (draft.toolCallId !== undefined && draft.content !== undefined) {
    parts.push({ type: 'tool_call_response', id: draft.toolCallId, response: draft.content })
  } else if (draft.content !== undefined) parts.push(...partsOfContent(draft.content))
  for (const part of inOrder(draft.parts)) {
    if (part.text !== undefined)
      parts.push({ type: part.type === 'reasoning' ? 'reasoning' : 'text', content: part.text })
    else if (part.imageUrl !== undefined) parts.push(imageReference(part.imageUrl, undefined))
    else if (part.type !== undefined) parts.push({ type: 'other', value: { type: part.type } })
  }
  for (const call of inOrder(draft.calls)) parts.push(toolCall(call.id, call.name, call.arguments))
  const message: Message = { role: draft.role ?? role, parts }
  if (draft.finishReason !== undefined) message.finishReason = draft.finishReason
  return message
}

/** OpenLLMetry writes a list of parts as its JSON. A text that looks like one and is none stays a text. */
function partsOfContent(content: string): MessagePart[] {
  if (!content.startsWith('[{')) return [{ type: 'text', content }]
  const items = parseJson(content)
  const isParts =
    Array.isArray(items) && items.every((item) => typeof (item as { type?: unknown } | null)?.type === 'string')
  return isParts ? items.map(partFromJson) : [{ type: 'text', content }]
}
