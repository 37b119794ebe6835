/**
 * Traffic of an agent that passes nine times in ten, hour by hour, in the ways in which real traffic is not a row of independent coins. A run
 * is a reference of 14 days and a month of looking.
 */
import { Random } from '../../test/simulation/random.ts'

export const REFERENCE_HOURS = 14 * 24
export const MONITORED_HOURS = 30 * 24

export const KINDS = ['independent', 'sessions', 'mix', 'shocks', 'drift'] as const
export type Kind = (typeof KINDS)[number]

/** Pass rates and shares of the four parts of the traffic whose mix drifts. */
const MIX_RATES = [0.97, 0.92, 0.87, 0.75]
const MIX_BEFORE = [0.4, 0.3, 0.2, 0.1]
const MIX_AFTER = [0.3, 0.28, 0.22, 0.2]
const RATE = 0.9

/** Sessions: traces of one are alike. Of so many on average (geometric), with this intraclass correlation. */
const SESSION_MEAN = 4
const ICC = 0.3

/** Hourly shocks and the daily cycle, as standard deviation and amplitude of the pass rate; the volume goes up and down, too. */
const SHOCK_SD = 0.015
const CYCLE = 0.02
const VOLUME_CYCLE = 0.5

/** A drift that remembers: a standard deviation of one point, and what is left of it after an hour. */
const DRIFT_SD = 0.01
const DRIFT_MEMORY = 0.9

/** An hour of each part of the traffic: how many, and how many of them failed. */
export interface Hour {
  n: Int32Array
  fails: Int32Array
}

export interface TrafficOptions {
  kind: Kind
  perHour: number
  seed: number
}

/** Hours one after another; `dropPoints` is what the pass rate has lost by then. */
export class Traffic {
  readonly parts: number
  readonly #kind: Kind
  readonly #perHour: number
  readonly #random: Random
  readonly #hour: Hour
  #drift = 0
  #spare: number | null = null

  constructor({ kind, perHour, seed }: TrafficOptions) {
    this.#kind = kind
    this.#perHour = perHour
    this.#random = new Random(seed)
    this.parts = kind === 'mix' ? MIX_RATES.length : 1
    this.#hour = { n: new Int32Array(this.parts), fails: new Int32Array(this.parts) }
    this.#drift = DRIFT_SD * this.#normal()
  }

  /** `monitored`: hours since the reference ended; below 0 within it. The same object each time. */
  next(monitored: number, drop: number): Hour {
    const { n, fails } = this.#hour
    if (this.#kind === 'mix') {
      const part = Math.max(0, monitored) / MONITORED_HOURS
      for (let s = 0; s < this.parts; s++) {
        const share = MIX_BEFORE[s]! + part * (MIX_AFTER[s]! - MIX_BEFORE[s]!)
        n[s] = this.#binomial(this.#perHour, share)
        fails[s] = this.#binomial(n[s]!, 1 - MIX_RATES[s]! + drop)
      }
      return this.#hour
    }
    if (this.#kind === 'sessions') return this.#sessions(1 - RATE + drop)
    const { volume, shift } = this.#hourly(monitored)
    n[0] = Math.round(this.#perHour * volume)
    fails[0] = this.#binomial(n[0]!, Math.min(1, Math.max(0, 1 - RATE + drop + shift)))
    return this.#hour
  }

  #hourly(monitored: number): { volume: number; shift: number } {
    if (this.#kind === 'shocks') {
      const cycle = Math.sin((2 * Math.PI * (monitored + REFERENCE_HOURS)) / 24)
      return { volume: 1 + VOLUME_CYCLE * cycle, shift: CYCLE * cycle + SHOCK_SD * this.#normal() }
    }
    if (this.#kind === 'drift') {
      this.#drift = DRIFT_MEMORY * this.#drift + Math.sqrt(1 - DRIFT_MEMORY ** 2) * DRIFT_SD * this.#normal()
      return { volume: 1, shift: this.#drift }
    }
    return { volume: 1, shift: 0 }
  }

  #sessions(failRate: number): Hour {
    const { n, fails } = this.#hour
    n[0] = 0
    fails[0] = 0
    const rates = sessionRates(failRate)
    const sessions = this.#binomial(this.#perHour, 1 / SESSION_MEAN)
    for (let i = 0; i < sessions; i++) {
      let size = 1
      while (this.#random.next() > 1 / SESSION_MEAN) size++
      const rate = rates[(this.#random.next() * rates.length) | 0]!
      n[0] += size
      for (let trace = 0; trace < size; trace++) if (this.#random.next() < rate) fails[0]++
    }
    return this.#hour
  }

  /** By inversion: exact, and quick where few are expected. */
  #binomial(n: number, p: number): number {
    if (p > 0.5) return n - this.#binomial(n, 1 - p)
    if (p <= 0 || n === 0) return 0
    // Where the smallest chance would be lost in rounding, in two halves.
    if (n * p > 300) {
      const half = n >> 1
      return this.#binomial(half, p) + this.#binomial(n - half, p)
    }
    const odds = p / (1 - p)
    let chance = (1 - p) ** n
    let left = this.#random.next()
    let k = 0
    while (left > chance && k < n) {
      left -= chance
      k++
      chance *= (odds * (n - k + 1)) / k
    }
    return k
  }

  /** Box and Muller's, two at a time. */
  #normal(): number {
    if (this.#spare !== null) {
      const spare = this.#spare
      this.#spare = null
      return spare
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.#random.next()))
    const angle = 2 * Math.PI * this.#random.next()
    this.#spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
}

const ratesKnown = new Map<number, Float64Array>()
const GRID = 4_096

/**
 * Fail rates of sessions: a beta distribution of this mean whose traces correlate by `ICC`, as equally likely values (the distribution's
 * inverse on a grid, by numeric integration of its density in a scale that opens up both ends).
 */
function sessionRates(mean: number): Float64Array {
  const known = ratesKnown.get(mean)
  if (known !== undefined) return known
  const strength = 1 / ICC - 1
  const [a, b] = [mean * strength, (1 - mean) * strength]
  const steps = 200_000
  // x = t^(1/a) near 0 takes the pole out of the density there; b is above 1.
  const weights = new Float64Array(steps)
  let total = 0
  for (let i = 0; i < steps; i++) {
    const x = ((i + 0.5) / steps) ** (1 / a)
    weights[i] = (1 - x) ** (b - 1)
    total += weights[i]!
  }
  const rates = new Float64Array(GRID)
  let sum = 0
  let at = 0
  for (let i = 0; i < steps && at < GRID; i++) {
    sum += weights[i]! / total
    while (at < GRID && sum >= (at + 0.5) / GRID) rates[at++] = ((i + 0.5) / steps) ** (1 / a)
  }
  // What the grid loses of the mean, it gets back.
  const lost = mean / (rates.reduce((all, rate) => all + rate, 0) / GRID)
  for (let i = 0; i < GRID; i++) rates[i] = Math.min(1, rates[i]! * lost)
  ratesKnown.set(mean, rates)
  return rates
}
