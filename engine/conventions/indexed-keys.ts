/**
 * OpenInference and the older OpenLLMetry flatten lists into keys: `llm.input_messages.0.message.tool_calls.1.tool_call.function.name`,
 * `gen_ai.prompt.0.tool_calls.1.name`.
 * https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
 */
import type { IndexedKey } from './attribute-bag.ts'

/** More items than any request has; a made-up index must not make a long list. */
const INDEX = '(0|[1-9]\\d{0,3})'

const LISTS: readonly { list: IndexedKey['list']; prefix: string; key: RegExp }[] = [
  {
    list: 'input',
    prefix: 'llm.input_messages.',
    key: new RegExp(`^llm\\.input_messages\\.${INDEX}\\.message\\.(.+)$`),
  },
  {
    list: 'output',
    prefix: 'llm.output_messages.',
    key: new RegExp(`^llm\\.output_messages\\.${INDEX}\\.message\\.(.+)$`),
  },
  { list: 'input', prefix: 'llm.prompts.', key: new RegExp(`^llm\\.prompts\\.${INDEX}\\.(prompt\\.text)$`) },
  { list: 'output', prefix: 'llm.choices.', key: new RegExp(`^llm\\.choices\\.${INDEX}\\.(completion\\.text)$`) },
  { list: 'prompt', prefix: 'gen_ai.prompt.', key: new RegExp(`^gen_ai\\.prompt\\.${INDEX}\\.(.+)$`) },
  { list: 'completion', prefix: 'gen_ai.completion.', key: new RegExp(`^gen_ai\\.completion\\.${INDEX}\\.(.+)$`) },
  {
    list: 'documents',
    prefix: 'retrieval.documents.',
    key: new RegExp(`^retrieval\\.documents\\.${INDEX}\\.document\\.(id|content|score)$`),
  },
  {
    list: 'embeddings',
    prefix: 'embedding.embeddings.',
    key: new RegExp(`^embedding\\.embeddings\\.${INDEX}\\.embedding\\.(text)$`),
  },
]

const INNER = new RegExp(`^(contents|tool_calls)\\.${INDEX}\\.(.+)$`)

/** The parts of a flattened key; null when it is none that the model holds. */
export function parseIndexedKey(key: string): IndexedKey | null {
  for (const { list, prefix, key: pattern } of LISTS) {
    if (!key.startsWith(prefix)) continue
    const match = pattern.exec(key)
    if (match === null) return null
    const item = Number(match[1])
    const field = match[2]!
    const inner = INNER.exec(field)
    if (inner === null) return { list, item, field, part: -1 }
    return { list, item, field: `${inner[1]}.${inner[3]}`, part: Number(inner[2]) }
  }
  return null
}
