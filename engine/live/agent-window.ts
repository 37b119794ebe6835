/**
 * What one agent did in the last five minutes, by when the log took it: counts in slots of half a minute, of which the oldest makes
 * room for the newest. Bounded, and cheap to add to: this runs on every span.
 */
import type { Verdict } from '../model/result.ts'
import type { Span } from '../model/span.ts'
import { addCounts, addDuration, type DurationCounts } from './durations.ts'
import { RecentNames } from './recent-names.ts'

export const WINDOW_MS = 300_000
const SLOT_MS = 30_000
const SLOTS = WINDOW_MS / SLOT_MS
/** An agent with more evals than these shows the first. */
const MAX_EVALS = 200
const MAX_VERSIONS = 5
const MAX_MODELS = 10

/** Runs of an agent: how many, how many of them failed, and how long they took. */
export interface Runs {
  count: number
  failed: number
  readonly durations: DurationCounts
}

export type VerdictCounts = Record<Verdict, number>

export interface AgentTotals {
  spans: number
  failedSpans: number
  tokens: number
  costMicroUsd: number
  /** Calls that used tokens and do not say what they cost. */
  unpriced: number
  /** Roots of traces. */
  readonly roots: Runs
  /** Spans of kind `agent` below a root: the runs of an agent that works inside others' traces. */
  readonly inner: Runs
  readonly verdicts: Map<string, VerdictCounts>
}

interface Slot extends AgentTotals {
  /** Which half minute since the epoch. */
  number: number
}

export function emptyTotals(): AgentTotals {
  return {
    spans: 0,
    failedSpans: 0,
    tokens: 0,
    costMicroUsd: 0,
    unpriced: 0,
    roots: { count: 0, failed: 0, durations: new Map() },
    inner: { count: 0, failed: 0, durations: new Map() },
    verdicts: new Map(),
  }
}

export class AgentWindow {
  readonly agent: string
  readonly env: string | undefined
  lastSeenMs = 0
  /** Traces that began and have not ended; kept by who follows them. */
  inFlight = 0
  readonly versions = new RecentNames(MAX_VERSIONS)
  readonly models = new RecentNames(MAX_MODELS)
  readonly #slots: (Slot | undefined)[] = new Array<Slot | undefined>(SLOTS).fill(undefined)
  #newest = Number.NEGATIVE_INFINITY

  constructor(agent: string, env: string | undefined) {
    this.agent = agent
    this.env = env
  }

  /** Adds a span that the log took at `atMs`. */
  addSpan(span: Span, atMs: number): void {
    const slot = this.#slotAt(atMs)
    if (slot === null) return
    if (atMs > this.lastSeenMs) this.lastSeenMs = atMs
    const isFailed = span.status === 'error'
    slot.spans++
    if (isFailed) slot.failedSpans++
    // A span above the call often repeats the sum of what is below it.
    if (span.kind === 'llm' || span.kind === 'embedding') {
      const tokens = span.tokensTotal ?? (span.tokensInput ?? 0) + (span.tokensOutput ?? 0)
      slot.tokens += tokens
      if (span.costMicroUsd !== undefined) slot.costMicroUsd += span.costMicroUsd
      else if (tokens > 0) slot.unpriced++
      if (span.model !== undefined) this.models.add(span.model, atMs)
    }
    if (span.agentVersion !== undefined) this.versions.add(span.agentVersion, atMs)
    const runs = span.parentSpanId === undefined ? slot.roots : span.kind === 'agent' ? slot.inner : null
    if (runs === null) return
    runs.count++
    if (isFailed) runs.failed++
    addDuration(runs.durations, span.durationNs)
  }

  /** Adds a verdict on what the log took at `atMs`. */
  addVerdict(evalId: string, verdict: Verdict, atMs: number): void {
    const slot = this.#slotAt(atMs)
    if (slot === null) return
    let counts = slot.verdicts.get(evalId)
    if (counts === undefined) {
      if (slot.verdicts.size >= MAX_EVALS) return
      counts = { pass: 0, fail: 0, unknown: 0, error: 0 }
      slot.verdicts.set(evalId, counts)
    }
    counts[verdict]++
  }

  /** Of the slots that are within the window at `nowMs`. */
  totals(nowMs: number): AgentTotals {
    const totals = emptyTotals()
    const oldest = oldestSlot(nowMs)
    for (const slot of this.#slots) if (slot !== undefined && slot.number >= oldest) addTotals(totals, slot)
    return totals
  }

  #slotAt(atMs: number): Slot | null {
    const number = Math.floor(atMs / SLOT_MS)
    const index = number % SLOTS
    const there = this.#slots[index]
    if (there?.number === number) return there
    if (number <= this.#newest - SLOTS) return null
    if (number > this.#newest) this.#newest = number
    const slot = { number, ...emptyTotals() }
    this.#slots[index] = slot
    return slot
  }
}

export function addTotals(to: AgentTotals, from: AgentTotals): void {
  to.spans += from.spans
  to.failedSpans += from.failedSpans
  to.tokens += from.tokens
  to.costMicroUsd += from.costMicroUsd
  to.unpriced += from.unpriced
  for (const name of ['roots', 'inner'] as const) {
    to[name].count += from[name].count
    to[name].failed += from[name].failed
    addCounts(to[name].durations, from[name].durations)
  }
  for (const [evalId, counts] of from.verdicts) {
    const sum = to.verdicts.get(evalId) ?? { pass: 0, fail: 0, unknown: 0, error: 0 }
    for (const verdict of ['pass', 'fail', 'unknown', 'error'] as const) sum[verdict] += counts[verdict]
    to.verdicts.set(evalId, sum)
  }
}

/** Where the window begins at `nowMs`: with a slot, so that it is up to half a minute short. */
export function windowStartMs(nowMs: number): number {
  return oldestSlot(nowMs) * SLOT_MS
}

const oldestSlot = (nowMs: number): number => Math.floor(nowMs / SLOT_MS) - SLOTS + 1
