/** What a convention's table looks like: for each field of the trace model, the attribute keys that carry it, best first. */

export type TextField =
  | 'agentName'
  | 'agentVersion'
  | 'env'
  | 'sessionId'
  | 'userId'
  | 'provider'
  | 'model'
  | 'toolName'
  | 'toolCallId'
  | 'finishReason'

export type NumberField =
  | 'tokensInput'
  | 'tokensOutput'
  | 'tokensTotal'
  | 'tokensCachedInput'
  | 'tokensReasoning'
  | 'costUsd'
  | 'timeToFirstTokenSeconds'
  | 'timeToFirstTokenMs'

export type FieldKeys = Readonly<Record<TextField | NumberField, readonly string[]>>

/** Attribute keys by small integers, so that a span's known attributes are array reads. */
export interface Vocabulary {
  /** The key's slot; registers it. */
  slot(key: string): number
  /** The key's slot, or -1 for a key that no convention knows. */
  find(key: string): number
  size(): number
}

export function createVocabulary(): Vocabulary {
  const slots = new Map<string, number>()
  return {
    slot: (key) => {
      const known = slots.get(key)
      if (known !== undefined) return known
      slots.set(key, slots.size)
      return slots.size - 1
    },
    find: (key) => slots.get(key) ?? -1,
    size: () => slots.size,
  }
}

export type FieldSlots = Readonly<Record<TextField | NumberField, readonly number[]>>

/** One table of several: the keys of the first convention before those of the next. */
export function fieldSlots(vocabulary: Vocabulary, tables: readonly Partial<FieldKeys>[]): FieldSlots {
  const slotsOf = (field: TextField | NumberField): number[] => [
    ...new Set(tables.flatMap((table) => (table[field] ?? []).map((key) => vocabulary.slot(key)))),
  ]
  return {
    agentName: slotsOf('agentName'),
    agentVersion: slotsOf('agentVersion'),
    env: slotsOf('env'),
    sessionId: slotsOf('sessionId'),
    userId: slotsOf('userId'),
    provider: slotsOf('provider'),
    model: slotsOf('model'),
    toolName: slotsOf('toolName'),
    toolCallId: slotsOf('toolCallId'),
    finishReason: slotsOf('finishReason'),
    tokensInput: slotsOf('tokensInput'),
    tokensOutput: slotsOf('tokensOutput'),
    tokensTotal: slotsOf('tokensTotal'),
    tokensCachedInput: slotsOf('tokensCachedInput'),
    tokensReasoning: slotsOf('tokensReasoning'),
    costUsd: slotsOf('costUsd'),
    timeToFirstTokenSeconds: slotsOf('timeToFirstTokenSeconds'),
    timeToFirstTokenMs: slotsOf('timeToFirstTokenMs'),
  }
}
