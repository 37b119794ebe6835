import type { Attributes, AttributeValue } from '../model/span.ts'
import type { Vocabulary } from './vocabulary.ts'

/** A flattened key with list indices in it, such as `llm.input_messages.0.message.tool_calls.1.tool_call.id`. */
export interface IndexedKey {
  readonly list: 'input' | 'output' | 'prompt' | 'completion' | 'documents' | 'embeddings'
  readonly item: number
  /** What it says of the item, `tool_calls.tool_call.id`; the inner index is in `part`. */
  readonly field: string
  readonly part: number
}

/** One span's attributes while they are mapped: those taken into fields leave, the rest stay what they are. */
export interface AttributeBag {
  load(keys: readonly string[], values: readonly AttributeValue[]): void
  /** The bits of the conventions of which the span has a mark. */
  marks(): number
  /** The value at a slot of the vocabulary; undefined when it was not sent. */
  peek(slot: number): AttributeValue | undefined
  /** Marks the slot's attribute as mapped into a field. */
  consume(slot: number): void
  /** Indexed attributes in the order sent; `use` says whether the value went into a field. */
  forEachIndexed(list: IndexedKey['list'], use: (key: IndexedKey, value: AttributeValue) => boolean): void
  hasIndexed(list: IndexedKey['list']): boolean
  /** What nobody took. */
  rest(): Attributes
}

interface KnownKey {
  slot: number
  indexed: IndexedKey | null
  marks: number
}

/** Bounds the memory that made-up keys can take; real ones are some hundreds. */
const MAX_KNOWN_KEYS = 8192
const NO_ATTRIBUTES: Attributes = new Map()

/**
 * A bag that is loaded anew for each span: no allocation a span but the map of what is left. Not re-entrant, and valid
 * until the next `load`.
 */
export function createAttributeBag(
  vocabulary: Vocabulary,
  parseIndexedKey: (key: string) => IndexedKey | null,
  marksOf: (key: string) => number,
): AttributeBag {
  const known = new Map<string, KnownKey>()
  /** Attribute index + 1 by slot; 0 is absent. */
  const atSlot = new Int32Array(vocabulary.size())
  const usedSlots: number[] = []
  const indexedKeys: IndexedKey[] = []
  const indexedAt: number[] = []
  let keys: readonly string[] = []
  let values: readonly AttributeValue[] = []
  let consumed: boolean[] = []
  let consumedCount = 0
  let marks = 0

  const lookUp = (key: string): KnownKey => {
    const found = known.get(key)
    if (found !== undefined) return found
    const slot = vocabulary.find(key)
    const entry = { slot, indexed: slot < 0 ? parseIndexedKey(key) : null, marks: marksOf(key) }
    if (known.size >= MAX_KNOWN_KEYS) known.clear()
    known.set(key, entry)
    return entry
  }
  const take = (index: number): void => {
    if (consumed[index]) return
    consumed[index] = true
    consumedCount++
  }

  return {
    load: (newKeys, newValues) => {
      for (const slot of usedSlots) atSlot[slot] = 0
      usedSlots.length = 0
      indexedKeys.length = 0
      indexedAt.length = 0
      keys = newKeys
      values = newValues
      consumedCount = 0
      marks = 0
      if (consumed.length > 4 * MAX_KNOWN_KEYS) consumed = []
      for (let i = 0; i < keys.length; i++) {
        consumed[i] = false
        const { slot, indexed, marks: ofKey } = lookUp(keys[i]!)
        marks |= ofKey
        if (slot >= 0) {
          atSlot[slot] = i + 1
          usedSlots.push(slot)
        } else if (indexed !== null) {
          indexedKeys.push(indexed)
          indexedAt.push(i)
        }
      }
    },
    marks: () => marks,
    peek: (slot) => {
      const at = atSlot[slot]!
      return at === 0 ? undefined : values[at - 1]
    },
    consume: (slot) => {
      const at = atSlot[slot]!
      if (at !== 0) take(at - 1)
    },
    forEachIndexed: (list, use) => {
      for (let i = 0; i < indexedKeys.length; i++) {
        const key = indexedKeys[i]!
        const at = indexedAt[i]!
        if (key.list === list && use(key, values[at]!)) take(at)
      }
    },
    hasIndexed: (list) => indexedKeys.some((key) => key.list === list),
    rest: () => {
      if (consumedCount === keys.length) return NO_ATTRIBUTES
      const rest = new Map<string, AttributeValue>()
      for (let i = 0; i < keys.length; i++) {
        if (!consumed[i]) rest.set(keys[i]!, values[i]!)
      }
      return rest
    },
  }
}
