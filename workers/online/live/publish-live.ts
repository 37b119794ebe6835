/**
 * Tells what the agents are doing, for whoever asks the API: each agent's share of this process, at most once a second and only while
 * there is something to tell. It expires soon after the process that told it is gone. Evaluation neither waits for it nor fails with it.
 */
import { messageOf } from '../../../engine/message-of.ts'
import { removeShare, writeShare } from '../../../storage/state/live-shares.ts'
import type { StateStore } from '../../../storage/state/port.ts'
import { isWorthSaying } from '../retry.ts'
import type { Followed, LiveAgents } from './live-agents.ts'

export interface PublisherOptions {
  agents: LiveAgents
  /** Asked again while it fails; whoever opened it closes it. */
  openState: () => Promise<StateStore>
  nowMs: () => number
  /** One that no other process has. */
  processId: string
  onProblem: (text: string) => void
}

/** A silent agent's figures sink as its window moves on; and an entry lives for three of these. */
const REFRESH_MS = 10_000
export const SHARE_TTL_MS = 3 * REFRESH_MS
/** At a time: more agents than these are told of less often. */
const MAX_AT_ONCE = 200
const RETRY_MS = 5_000

export class LivePublisher {
  readonly #options: PublisherOptions
  #underWay: Promise<void> | null = null
  #failures = 0
  #notBeforeMs = Number.NEGATIVE_INFINITY

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  /** Tells what is due, unless that is under way. Never rejects. */
  tick(): Promise<void> {
    this.#underWay ??= this.#tell().finally(() => {
      this.#underWay = null
    })
    return this.#underWay
  }

  /** Tells that no trace is in flight here any more. */
  async drain(): Promise<void> {
    const { agents, nowMs } = this.#options
    await this.#underWay
    agents.begin(nowMs())
    if (this.#failures === 0) await this.tick()
  }

  async #tell(): Promise<void> {
    const { agents, nowMs, onProblem } = this.#options
    const now = nowMs()
    const gone = agents.sweep(now)
    if (now < this.#notBeforeMs) return
    const due = agents.due(now, REFRESH_MS, MAX_AT_ONCE)
    if (due.length === 0 && gone.length === 0) return
    try {
      const state = await this.#options.openState()
      await Promise.all([
        ...due.map((one) => this.#write(state, one, now)),
        ...gone.map((one) => removeShare(state, one.tenant, this.#keyOf(one))),
      ])
      this.#failures = 0
    } catch (error) {
      this.#failures++
      this.#notBeforeMs = now + RETRY_MS
      if (isWorthSaying(this.#failures)) onProblem(`live agents are not told: ${messageOf(error)}`)
    }
  }

  async #write(state: StateStore, one: Followed, now: number): Promise<void> {
    one.isDirty = false
    try {
      await writeShare(state, one.tenant, this.#keyOf(one), this.#options.agents.share(one, now), SHARE_TTL_MS)
      one.toldAtMs = now
    } catch (error) {
      one.isDirty = true
      throw error
    }
  }

  #keyOf({ id }: Followed): string {
    return `${this.#options.processId}/${id}`
  }
}
