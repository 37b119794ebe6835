/**
 * The circuit breaker of one judge provider, as values: whether a call may be made, and what its outcome changes. All instances share
 * the value, each with its own clock.
 */

/** So many failures … */
export const FAILURES_TO_OPEN = 5
/** … within so long, if no more calls than that were answered between them, open it … */
export const FAILURE_WINDOW_MS = 60_000
/** … for so long, in which no call is made. */
export const OPEN_MS = 30_000
/** Then one call of all instances is let through so often, */
export const PROBE_EVERY_MS = 10_000
/** and so many answers in a row close it. */
export const ANSWERS_TO_CLOSE = 3

export interface RecordedFailure {
  readonly atMs: number
  /** Calls that the same instance saw answered since the failure that it reported before. */
  readonly answered: number
}

export type Breaker =
  | { readonly kind: 'closed'; readonly failures: readonly RecordedFailure[] }
  | {
      readonly kind: 'open'
      /** When it opened: all of an outage has the same. */
      readonly sinceMs: number
      readonly nextProbeMs: number
      /** Probes answered in a row. */
      readonly answered: number
    }

export type Permit =
  | { readonly kind: 'call' }
  /** `sinceMs` names the outage: the outcome of a probe of an earlier one says nothing. */
  | { readonly kind: 'probe'; readonly sinceMs: number }
  | Refused

export interface Refused {
  readonly kind: 'refused'
  readonly sinceMs: number
  readonly retryAtMs: number
  readonly prospect: Prospect
  /** When a call of it failed that was the last to. */
  readonly failedMs: number
}

/**
 * What is known of a provider that takes no calls: `answering` its last probe was answered; `out` a call of it failed since the probe
 * before was due; `unknown` nobody has heard of it for longer than that, or a probe is on its way.
 */
export type Prospect = 'answering' | 'out' | 'unknown'

export type BreakerLevel = 'closed' | 'open' | 'half_open'

export const CLOSED: Breaker = { kind: 'closed', failures: [] }

/** Whether a call may be made now, the last having failed at `failedMs`. A probe is taken by `next`: nobody else gets it. */
export function permitCall(breaker: Breaker, nowMs: number, failedMs?: number): { permit: Permit; next: Breaker } {
  if (breaker.kind === 'closed') return { permit: { kind: 'call' }, next: breaker }
  const { sinceMs, nextProbeMs } = breaker
  // A time further ahead than any that is set here comes from a clock that is wrong.
  if (nowMs < nextProbeMs && nextProbeMs - nowMs <= OPEN_MS) {
    const lastMs = failedMs ?? sinceMs
    const isFresh = Math.abs(nowMs - lastMs) < PROBE_EVERY_MS
    const prospect = breaker.answered > 0 ? 'answering' : isFresh ? 'out' : 'unknown'
    return { permit: { kind: 'refused', sinceMs, retryAtMs: nextProbeMs, prospect, failedMs: lastMs }, next: breaker }
  }
  return { permit: { kind: 'probe', sinceMs }, next: { ...breaker, nextProbeMs: nowMs + PROBE_EVERY_MS } }
}

/** A call failed, other than a probe. Calls that were on their way when it opened change nothing. */
export function recordFailure(breaker: Breaker, failure: RecordedFailure): Breaker {
  if (breaker.kind === 'open') return breaker
  const { atMs } = failure
  const failures = [...breaker.failures, failure]
    .filter((one) => Math.abs(atMs - one.atMs) < FAILURE_WINDOW_MS)
    .slice(-FAILURES_TO_OPEN)
  // What was answered before the first of them was before the trouble.
  const answered = failures.slice(1).reduce((sum, one) => sum + one.answered, 0)
  if (failures.length < FAILURES_TO_OPEN || answered > FAILURES_TO_OPEN) return { kind: 'closed', failures }
  return { kind: 'open', sinceMs: atMs, nextProbeMs: atMs + OPEN_MS, answered: 0 }
}

/** What became of a probe: one that fails starts the count anew, and the next comes at its time. */
export function recordProbe(breaker: Breaker, sinceMs: number, answered: boolean): Breaker {
  if (breaker.kind === 'closed' || breaker.sinceMs !== sinceMs) return breaker
  if (!answered) return breaker.answered === 0 ? breaker : { ...breaker, answered: 0 }
  return breaker.answered + 1 >= ANSWERS_TO_CLOSE ? CLOSED : { ...breaker, answered: breaker.answered + 1 }
}

/** `open` takes no call at all, `half_open` a probe at a time. */
export function levelOf(breaker: Breaker, nowMs: number): BreakerLevel {
  if (breaker.kind === 'closed') return 'closed'
  return nowMs < breaker.sinceMs + OPEN_MS ? 'open' : 'half_open'
}
