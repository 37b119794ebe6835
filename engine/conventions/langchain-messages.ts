/** LangChain's messages in JSON: `{type: 'human', content}`, its constructor's form `{lc, id, kwargs}`, and pairs of role and text. */
import type { Message } from '../model/span.ts'
import { property } from './json.ts'
import { messagesFromJson } from './messages.ts'

const ROLE_OF: ReadonlyMap<string, string> = new Map([
  ['human', 'user'],
  ['HumanMessage', 'user'],
  ['ai', 'assistant'],
  ['AIMessage', 'assistant'],
  ['AIMessageChunk', 'assistant'],
  ['system', 'system'],
  ['SystemMessage', 'system'],
  ['tool', 'tool'],
  ['ToolMessage', 'tool'],
])

/** Undefined when any of it is no message. */
export function langChainMessages(value: unknown): Message[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined
  const messages: Message[] = []
  for (const item of value as unknown[]) {
    const found = isPair(item)
      ? messagesFromJson([{ role: ROLE_OF.get(item[0]) ?? item[0], content: item[1] }], 'user')
      : Array.isArray(item)
        ? langChainMessages(item)
        : messageOf(item)
    if (found === undefined) return undefined
    messages.push(...found)
  }
  return messages
}

/** `["user", "Where is order 7?"]`. */
function isPair(item: unknown): item is [string, string] {
  return Array.isArray(item) && item.length === 2 && item.every((one) => typeof one === 'string')
}

function messageOf(item: unknown): Message[] | undefined {
  if (typeof item === 'string') return messagesFromJson(item, 'assistant')
  if (typeof item !== 'object' || item === null) return undefined
  const kwargs = property(item, 'kwargs') ?? property(item, 'data')
  const fields = typeof kwargs === 'object' && kwargs !== null ? kwargs : item
  const ids = property(item, 'id')
  const name =
    property(fields, 'role') ?? property(fields, 'type') ?? (Array.isArray(ids) ? (ids as unknown[]).at(-1) : undefined)
  if (typeof name !== 'string') return undefined
  return messagesFromJson(
    [
      {
        role: ROLE_OF.get(name) ?? name,
        content: property(fields, 'content'),
        tool_calls: callsOf(property(fields, 'tool_calls')),
        tool_call_id: property(fields, 'tool_call_id'),
      },
    ],
    'user',
  )
}

/** `{name, args, id}`; OpenAI's key is `arguments`. */
function callsOf(calls: unknown): unknown {
  if (!Array.isArray(calls)) return undefined
  return calls.map((call: unknown) =>
    typeof call === 'object' && call !== null && Object.hasOwn(call, 'args')
      ? { id: property(call, 'id'), name: property(call, 'name'), arguments: property(call, 'args') }
      : call,
  )
}
