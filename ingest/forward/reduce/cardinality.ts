/**
 * Bounds how many attribute keys an agent (a `service.name`) has, and how many texts under each: a mistake in an instrumentation, such as an
 * id in a key, would cost the store for good. What evals read is never touched. Counted anew each hour.
 */
import { crc32 } from 'node:zlib'
import { Recent } from './recent.ts'

export interface CardinalityLimits {
  /** Null: any number. */
  readonly maxKeys: number | null
  readonly maxValues: number | null
}

/** `drop`: the key is one too many. `replace`: the value is. */
export type Ruling = 'keep' | 'drop' | 'replace'

const AGENTS = 64
const WINDOW_MS = 3_600_000
/** Of all agents and keys, at 40 B each. */
const MAX_TRACKED = 100_000

export class Cardinality {
  readonly #limits: CardinalityLimits
  readonly #nowMs: () => number
  #agents = new Recent<string, Map<string, Set<number>>>(AGENTS)
  #tracked = 0
  #sinceMs: number

  constructor(limits: CardinalityLimits, nowMs: () => number) {
    this.#limits = limits
    this.#nowMs = nowMs
    this.#sinceMs = nowMs()
  }

  /** `value` is null for what is no text: numbers are measured, and not told apart. */
  rule(agent: string, key: string, value: string | null): Ruling {
    this.#renew()
    const keys = this.#agents.touch(agent, () => new Map())
    // One list is one key, however long it is: `messages.0.role`, `messages.1.role`.
    const shape = key.replaceAll(/\d+/g, '0')
    const { maxKeys, maxValues } = this.#limits
    let values = keys.get(shape)
    if (values === undefined) {
      if ((maxKeys !== null && keys.size >= maxKeys) || this.#tracked >= MAX_TRACKED) return 'drop'
      values = new Set()
      keys.set(shape, values)
      this.#tracked++
    }
    if (maxValues === null || value === null) return 'keep'
    const hash = crc32(value)
    if (values.has(hash)) return 'keep'
    if (values.size >= maxValues || this.#tracked >= MAX_TRACKED) return 'replace'
    values.add(hash)
    this.#tracked++
    return 'keep'
  }

  #renew(): void {
    const nowMs = this.#nowMs()
    if (nowMs - this.#sinceMs < WINDOW_MS) return
    this.#sinceMs = nowMs
    this.#agents = new Recent(AGENTS)
    this.#tracked = 0
  }
}
