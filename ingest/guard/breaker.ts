/**
 * The gateway's circuit breaker. It opens when the log refuses or stalls, or when what reads the log is too far behind; then requests are
 * turned away at once, before their bodies are read. After a while one request at a time tries whether it works again.
 */

export interface BreakerTimes {
  /** So many failed appends in a row open it. */
  readonly failuresToOpen: number
  /** An append that is under way for longer has stalled: those behind it need not wait to learn it. */
  readonly stalledMs: number
  /** How long it stays open the first time; twice as long each time that the trial fails. */
  readonly openMs: number
  readonly longestOpenMs: number
  /** So many trials in a row close it. */
  readonly trialsToClose: number
}

export const DEFAULT_BREAKER_TIMES: BreakerTimes = {
  failuresToOpen: 3,
  stalledMs: 3_000,
  openMs: 1_000,
  longestOpenMs: 15_000,
  trialsToClose: 3,
}

export type BreakerState = 'closed' | 'half_open' | 'open'

export type Passage =
  | {
      readonly ok: true
      /** From now on the log is waited for, and nothing else. */
      readonly appending: () => void
      /** What became of it, and why where it failed. */
      readonly end: (outcome: 'appended' | 'failed' | 'nothing', why?: string) => void
    }
  | Closed

interface Closed {
  readonly ok: false
  readonly reason: string
  readonly retryAfterSeconds: number
}

export interface BreakerView {
  readonly state: BreakerState
  /** Why it is not closed. */
  readonly reason: string | null
  readonly opened: number
  readonly refused: number
}

export class Breaker {
  readonly #times: BreakerTimes
  readonly #nowMs: () => number
  #failures = 0
  /** Null while it is closed. */
  #openUntilMs: number | null = null
  #openMs = 0
  #trials = 0
  #isTrying = false
  #reason = ''
  #backlog: string | null = null
  #opened = 0
  #refused = 0
  /** When the appends that are under way began, oldest first. */
  readonly #underWay = new Set<{ readonly startMs: number }>()

  constructor(nowMs: () => number, times: Partial<BreakerTimes> = {}) {
    this.#nowMs = nowMs
    this.#times = { ...DEFAULT_BREAKER_TIMES, ...times }
  }

  view(): BreakerView {
    const reason = this.#backlog ?? (this.#openUntilMs === null ? null : this.#reason)
    return { state: this.#state(), reason, opened: this.#opened, refused: this.#refused }
  }

  /** Whether a request would be turned away now; for looking before its body is read. */
  refusal(): Closed | null {
    this.#noticeStall()
    if (this.#backlog !== null) return this.#closed(this.#backlog, BACKLOG_RETRY_SECONDS)
    if (this.#openUntilMs === null) return null
    const waitMs = this.#openUntilMs - this.#nowMs()
    if (waitMs > 0) return this.#closed(this.#reason, Math.max(1, Math.ceil(waitMs / 1_000)))
    return this.#isTrying ? this.#closed(this.#reason, 1) : null
  }

  enter(): Passage {
    const closed = this.refusal()
    if (closed !== null) return closed
    const isTrial = this.#openUntilMs !== null
    if (isTrial) this.#isTrying = true
    let passing: { readonly startMs: number } | null = null
    let isOver = false
    return {
      ok: true,
      appending: () => {
        if (isOver || passing !== null) return
        passing = { startMs: this.#nowMs() }
        this.#underWay.add(passing)
      },
      end: (outcome, why = REFUSED) => {
        if (isOver) return
        isOver = true
        if (passing !== null) this.#underWay.delete(passing)
        if (isTrial) this.#isTrying = false
        if (outcome === 'appended') this.#succeeded(isTrial)
        if (outcome === 'failed') this.#failed(isTrial, why)
      },
    }
  }

  /** What is behind, and how far; null when all keep up. */
  setBacklog(reason: string | null): void {
    if (reason !== null && this.#backlog === null) this.#opened++
    this.#backlog = reason
  }

  #state(): BreakerState {
    if (this.#backlog !== null) return 'open'
    if (this.#openUntilMs === null) return 'closed'
    return this.#nowMs() < this.#openUntilMs ? 'open' : 'half_open'
  }

  #closed(reason: string, retryAfterSeconds: number): Closed {
    this.#refused++
    return { ok: false, reason, retryAfterSeconds }
  }

  #noticeStall(): void {
    if (this.#openUntilMs !== null) return
    const [oldest] = this.#underWay
    if (oldest === undefined || this.#nowMs() - oldest.startMs < this.#times.stalledMs) return
    this.#open(`the log has not answered for ${this.#times.stalledMs / 1_000} s`)
  }

  #succeeded(isTrial: boolean): void {
    this.#failures = 0
    if (!isTrial) return
    if (++this.#trials < this.#times.trialsToClose) return
    this.#openUntilMs = null
    this.#openMs = 0
  }

  #failed(isTrial: boolean, why: string): void {
    if (isTrial || (this.#openUntilMs === null && ++this.#failures >= this.#times.failuresToOpen)) this.#open(why)
  }

  #open(reason: string): void {
    if (this.#openUntilMs === null) this.#opened++
    const { openMs, longestOpenMs } = this.#times
    this.#openMs = this.#openMs === 0 ? openMs : Math.min(longestOpenMs, this.#openMs * 2)
    this.#openUntilMs = this.#nowMs() + this.#openMs
    this.#reason = reason
    this.#failures = 0
    this.#trials = 0
  }
}

const REFUSED = 'the log refuses what is appended'
/** A backlog that opens the breaker takes minutes to work off. */
const BACKLOG_RETRY_SECONDS = 10
