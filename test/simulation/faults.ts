/** What goes wrong, by the seed: until the faults end nothing can be relied on, then everything can. */
import type { Random } from './random.ts'

/**
 * Of one request. `refused`: not applied, and the caller hears of it. `reply_lost`: applied, and the caller hears of a failure. `twice`: applied
 * again by a client that resends. `partly`: a part is applied, then it fails. Crashes kill the caller.
 */
export type Fate =
  | 'ok'
  | 'refused'
  | 'reply_lost'
  | 'twice'
  | 'partly'
  | 'crash_before'
  | 'crash_in_flight'
  | 'crash_after'

export interface FaultRates {
  readonly refused: number
  readonly replyLost: number
  readonly twice: number
  readonly crash: number
  /** Of a request or its reply taking up to `slowMs` longer. */
  readonly slow: number
  /** Of a process giving way to what else it has to do. */
  readonly giveWay: number
}

export type Service = 'log' | 'store'

interface Outage {
  readonly service: Service
  readonly fromMs: number
  readonly toMs: number
}

const SLOW_MS = 700

export class Faults {
  readonly #random: Random
  readonly #rates: FaultRates
  readonly #endMs: number
  readonly #outages: Outage[] = []

  constructor(random: Random, startMs: number, endMs: number) {
    this.#random = random
    this.#endMs = endMs
    // Some runs have many faults of a kind, some none: bugs hide behind faults, and behind their absence.
    const rate = (most: number) => (random.chance(0.4) ? 0 : random.next() * most)
    this.#rates = {
      refused: rate(0.1),
      replyLost: rate(0.1),
      twice: rate(0.1),
      crash: rate(0.03),
      slow: rate(0.1),
      giveWay: rate(0.5),
    }
    for (const service of ['log', 'store'] as const) {
      if (!random.chance(0.3)) continue
      const fromMs = random.int(startMs, endMs)
      this.#outages.push({ service, fromMs, toMs: Math.min(endMs, fromMs + random.int(200, 5_000)) })
    }
  }

  get endMs(): number {
    return this.#endMs
  }

  fateOf(nowMs: number, service: Service, canCrash: boolean): Fate {
    if (nowMs >= this.#endMs) return 'ok'
    if (this.#outages.some((one) => one.service === service && one.fromMs <= nowMs && nowMs < one.toMs))
      return 'refused'
    const { refused, replyLost, twice, crash } = this.#rates
    const random = this.#random
    if (canCrash && random.chance(crash))
      return random.pick(['crash_before', 'crash_in_flight', 'crash_after'] as const)
    if (random.chance(refused)) return 'refused'
    if (random.chance(replyLost)) return random.pick(['reply_lost', 'reply_lost', 'partly'] as const)
    if (random.chance(twice)) return 'twice'
    return 'ok'
  }

  /** Of a process's time on its thread. */
  isSliceOver(): boolean {
    return this.#random.chance(this.#rates.giveWay)
  }

  latencyMs(nowMs: number): number {
    const usual = this.#random.int(0, 4)
    return nowMs < this.#endMs && this.#random.chance(this.#rates.slow) ? usual + this.#random.int(0, SLOW_MS) : usual
  }
}
