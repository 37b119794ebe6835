/** Subscribers who want the same: what they want is worked out and written once for all of them. */
import type { ScopeFilter, Told } from '../../engine/evaluate/scope-filter.ts'
import { FALSE, TRUE } from '../../engine/evaluate/truth.ts'
import type { EvalResult, Verdict } from '../../engine/model/result.ts'
import { type FrameFormat, frameOf } from './frames.ts'
import type { Member } from './member.ts'
import type { StreamEvent } from './read-record.ts'
import { isLogStream, LOG_STREAMS, type LogStream, type Stream } from './streams.ts'
import { SubjectsSeen } from './subjects-seen.ts'

export interface Wanted {
  readonly tenant: string
  readonly streams: readonly Stream[]
  /** Null: everything. */
  readonly scope: string | null
  /** Of spans those without a parent alone: one for each trace, mostly its last. */
  readonly isOfRoots: boolean
  /** Of results alone. */
  readonly evalId: string | null
  readonly verdict: Verdict | null
  readonly format: FrameFormat
}

export interface Frame {
  readonly stream: LogStream
  readonly partition: number
  readonly offset: number
  readonly index: number
  readonly event: StreamEvent
  /** With the id of those who are not behind. */
  readonly text: string
  /** The place after it. */
  readonly next: { readonly offset: number; readonly index: number }
}

export const keyOf = ({ tenant, streams, scope, isOfRoots, evalId, verdict, format }: Wanted): string =>
  JSON.stringify([tenant, [...streams].sort(), scope, isOfRoots, evalId, verdict, format])

export class Group {
  readonly wanted: Wanted
  /** Those that come from the log. */
  readonly logStreams: readonly LogStream[]
  /** Also spans that are not told, but tell which verdicts are in scope. */
  readonly readStreams: readonly LogStream[]
  readonly members = new Set<Member>()
  /** Since they were last sent. */
  readonly pending: Frame[] = []
  readonly #filter: ScopeFilter | null
  readonly #seen = new SubjectsSeen()

  constructor(wanted: Wanted, filter: ScopeFilter | null) {
    this.wanted = wanted
    this.#filter = filter
    this.logStreams = LOG_STREAMS.filter((one) => wanted.streams.includes(one))
    const looksAtSpans = filter !== null && this.logStreams.includes('results')
    this.readStreams = LOG_STREAMS.filter((one) => this.logStreams.includes(one) || (looksAtSpans && one === 'spans'))
  }

  /** Of spans it looks at roots alone: without a scope none of the others tells it anything. */
  get looksAtRootsAlone(): boolean {
    return this.wanted.isOfRoots && this.#filter === null
  }

  get wantsAgents(): boolean {
    return this.wanted.streams.some((one) => !isLogStream(one))
  }

  /** Also remembers which spans were in scope. */
  wants(event: StreamEvent): boolean {
    switch (event.type) {
      case 'span': {
        const { traceId, spanId, parentSpanId } = event.span
        const isInScope = this.#filter === null || this.#filter.ofSpan(event.span)
        if (this.#filter !== null && isInScope) this.#seen.add(traceId, spanId)
        if (!this.logStreams.includes('spans')) return false
        if (!this.wanted.isOfRoots) return isInScope
        // A trace is in scope with any of its spans.
        return parentSpanId === undefined && (isInScope || this.#seen.has(traceId, ''))
      }
      case 'result':
        return this.#wantsResult(event.result)
      case 'alert':
        return this.#mayConcern(toldOf(event.alert.group))
      case 'agent':
      case 'agent_gone':
        return this.#mayConcern({ agentName: event.agent.agent, env: event.agent.env })
    }
  }

  render(event: StreamEvent, id: string | null): string {
    return frameOf(this.wanted.format, event.type, event.json(), id)
  }

  #wantsResult(result: EvalResult): boolean {
    const { evalId, verdict } = this.wanted
    if (evalId !== null && result.evalId !== evalId) return false
    if (verdict !== null && result.verdict !== verdict) return false
    if (this.#filter === null) return true
    if (!this.#filter.mayBe(result.subjectKind)) return false
    const truth = this.#filter.ofTold(result)
    return truth === TRUE || (truth !== FALSE && this.#seen.has(result.traceId, result.spanId))
  }

  /** Of what is about no span: told unless it is known to be about others. */
  #mayConcern(told: Told): boolean {
    return this.#filter === null || this.#filter.ofTold(told) !== FALSE
  }
}

const toldOf = (group: Readonly<Record<string, string>>): Told => ({
  agentName: group['agent.name'],
  agentVersion: group['agent.version'],
  env: group.env,
})
