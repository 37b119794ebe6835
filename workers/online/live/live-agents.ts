/**
 * What the agents are doing now, as far as this process evaluates them: in memory, bounded, without I/O. Only what the log took since
 * this process reads counts, so that nothing counts twice, whoever had the partitions before; a backlog and imports are not what is now.
 */
import { AgentWindow, WINDOW_MS } from '../../../engine/live/agent-window.ts'
import { cutName } from '../../../engine/live/recent-names.ts'
import { type AgentShare, shareOf } from '../../../engine/live/share.ts'
import type { EvalResult } from '../../../engine/model/result.ts'
import type { Span } from '../../../engine/model/span.ts'
import { OpenTraces } from './open-traces.ts'

export interface LiveAgentsOptions {
  /** Of one tenant: 1,000 unless told. */
  maxAgentsPerTenant?: number
  /** Of all tenants: 5,000 unless told. */
  maxAgents?: number
}

export interface Followed {
  readonly tenant: string
  /** Names the agent's share among those of this process. */
  readonly id: number
  readonly window: AgentWindow
  isDirty: boolean
  toldAtMs: number
}

/** What ended so long before the log took it is an import, or comes from a buffer: nobody's agent is at it now. */
const IMPORT_MS = 3_600_000
/** Of verdicts, which know when their subject began. */
const IMPORT_SUBJECT_MS = 24 * 3_600_000
/** An agent is forgotten so long after its last span. */
const FORGET_MS = 3 * WINDOW_MS
/** More than this part of its runs failed, of so many at least. */
const DEGRADED_PART = 0.1
const DEGRADED_RUNS = 5
/** Where there is no room: one that has been silent for so long makes place. */
const FORGET_WHEN_FULL_MS = 60_000

export class LiveAgents {
  readonly #maxAgents: number
  readonly #maxAgentsPerTenant: number
  /** By environment, by agent, by tenant. */
  readonly #byTenant = new Map<string, Map<string, Map<string | undefined, Followed>>>()
  readonly #followed = new Set<Followed>()
  readonly #perTenant = new Map<string, number>()
  readonly #open = new OpenTraces()
  /** Most spans of a record are the same agent's. */
  #last: Followed | null = null
  #nextId = 1
  #fromMs = Number.POSITIVE_INFINITY
  #sinceMs = Number.POSITIVE_INFINITY
  #toMs = 0
  /** Spans of agents for which there was no room. */
  untracked = 0

  constructor({ maxAgents = 5_000, maxAgentsPerTenant = 1_000 }: LiveAgentsOptions = {}) {
    this.#maxAgents = maxAgents
    this.#maxAgentsPerTenant = maxAgentsPerTenant
  }

  get size(): number {
    return this.#followed.size
  }

  /** This process reads from now on, or anew: what the log took before has been counted, or was another's to count. */
  begin(nowMs: number): void {
    this.#sinceMs = nowMs
    this.#fromMs = Math.min(this.#fromMs, nowMs)
    for (const one of this.#followed) if (one.window.inFlight > 0) one.isDirty = true
    this.#open.forget()
  }

  /** Spans that the log took at `atMs`. */
  addSpans(spans: readonly Span[], atMs: number): void {
    if (!(atMs >= this.#sinceMs)) return
    const newestImportUs = (atMs - IMPORT_MS) * 1_000
    for (const span of spans) {
      if (span.agentName === undefined || span.startTimeUs + span.durationNs / 1_000 < newestImportUs) continue
      const followed = this.#follow(span.tenant, span.agentName, span.env)
      if (followed === null) {
        this.untracked++
        continue
      }
      followed.isDirty = true
      followed.window.addSpan(span, atMs)
      this.#open.heardOf(span.traceId, span.tenant, followed.window, span.parentSpanId === undefined)
    }
  }

  /** First verdicts alone: a revision is of what is counted already. */
  addResults(results: readonly EvalResult[]): void {
    for (const result of results) {
      const { tenant, agentName, env, subjectArrivedAtMs: atMs } = result
      if (agentName === undefined || result.revision > 1 || atMs === undefined || !(atMs >= this.#sinceMs)) continue
      if (result.subjectTimeUs < (atMs - IMPORT_SUBJECT_MS) * 1_000) continue
      const followed = this.#find(tenant, agentName, env)
      if (followed === undefined) continue
      followed.isDirty = true
      followed.window.addVerdict(result.evalId, result.verdict, atMs)
    }
  }

  /** The log is read as far as it was at `ms`. */
  readTo(ms: number): void {
    if (ms > this.#toMs) this.#toMs = ms
  }

  /** Those of which something is to be told: they changed, or were told longer than `refreshMs` ago. Those that wait longest come first. */
  due(nowMs: number, refreshMs: number, limit: number): Followed[] {
    const due: Followed[] = []
    for (const one of this.#followed) if (one.isDirty || nowMs - one.toldAtMs >= refreshMs) due.push(one)
    return due.sort((a, b) => a.toldAtMs - b.toldAtMs).slice(0, limit)
  }

  share({ window }: Followed, nowMs: number): AgentShare {
    return shareOf(window, { fromMs: this.#fromMs, toMs: Math.max(this.#toMs, this.#fromMs) }, nowMs)
  }

  /** Agents of which too many runs of the window failed. */
  degraded(nowMs: number): number {
    let count = 0
    for (const { window } of this.#followed) {
      const { roots, inner } = window.totals(nowMs)
      const runs = roots.count + inner.count
      if (runs >= DEGRADED_RUNS && roots.failed + inner.failed > runs * DEGRADED_PART) count++
    }
    return count
  }

  /** Forgets what is over; the agents that are no longer followed. */
  sweep(nowMs: number): Followed[] {
    this.#open.advance(nowMs)
    const isFull = this.#followed.size >= this.#maxAgents
    const gone: Followed[] = []
    for (const one of this.#followed) {
      const isCrowded = isFull || (this.#perTenant.get(one.tenant) ?? 0) >= this.#maxAgentsPerTenant
      const silentMs = nowMs - one.window.lastSeenMs
      if (silentMs < (isCrowded ? FORGET_WHEN_FULL_MS : FORGET_MS) || one.window.inFlight > 0) continue
      this.#remove(one)
      gone.push(one)
    }
    return gone
  }

  #find(tenant: string, agent: string, env: string | undefined): Followed | undefined {
    const last = this.#last
    if (last !== null && last.window.agent === agent && last.tenant === tenant && last.window.env === env) return last
    const found = this.#byTenant
      .get(tenant)
      ?.get(cutName(agent))
      ?.get(env === undefined ? env : cutName(env))
    if (found !== undefined) this.#last = found
    return found
  }

  #follow(tenant: string, agent: string, env: string | undefined): Followed | null {
    const found = this.#find(tenant, agent, env)
    if (found !== undefined) return found
    const ofTenant = this.#perTenant.get(tenant) ?? 0
    if (this.#followed.size >= this.#maxAgents || ofTenant >= this.#maxAgentsPerTenant) return null
    const window = new AgentWindow(cutName(agent), env === undefined ? env : cutName(env))
    const followed: Followed = { tenant, id: this.#nextId++, window, isDirty: true, toldAtMs: Number.NEGATIVE_INFINITY }
    const agents = this.#byTenant.get(tenant) ?? new Map<string, Map<string | undefined, Followed>>()
    const envs = agents.get(window.agent) ?? new Map<string | undefined, Followed>()
    this.#byTenant.set(tenant, agents.set(window.agent, envs.set(window.env, followed)))
    this.#followed.add(followed)
    this.#perTenant.set(tenant, ofTenant + 1)
    this.#last = followed
    return followed
  }

  #remove(one: Followed): void {
    const { tenant, window } = one
    const agents = this.#byTenant.get(tenant)
    const envs = agents?.get(window.agent)
    envs?.delete(window.env)
    if (envs?.size === 0) agents?.delete(window.agent)
    if (agents?.size === 0) this.#byTenant.delete(tenant)
    this.#followed.delete(one)
    const left = (this.#perTenant.get(tenant) ?? 1) - 1
    if (left === 0) this.#perTenant.delete(tenant)
    else this.#perTenant.set(tenant, left)
    if (this.#last === one) this.#last = null
  }
}
