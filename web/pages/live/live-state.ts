/** What the Live page shows, of what it is told: pure. */
import type { LiveAgent, Result, StreamEvent } from '../../../client/api.ts'
import { type LiveTrace, laterFirst, newestTraces, ofRoot } from './live-trace.ts'

export interface LiveState {
  /** Newest first. */
  readonly results: readonly Result[]
  /** Those that ended last first. */
  readonly traces: readonly LiveTrace[]
  /** The last seen first; null before any was told of. */
  readonly agents: readonly LiveAgent[] | null
  /** Events for which this browser was too slow. */
  readonly dropped: number
  /** Where to go on after a pause. */
  readonly lastEventId: string | undefined
}

export const NOTHING: LiveState = { results: [], traces: [], agents: null, dropped: 0, lastEventId: undefined }

const SHOWN = 100

export function afterEvents(state: LiveState, events: readonly StreamEvent[]): LiveState {
  const agents = new Map((state.agents ?? []).map((one) => [nameOf(one), one]))
  const results: Result[] = []
  const traces: LiveTrace[] = []
  let { dropped, lastEventId } = state
  let isAgents = state.agents !== null
  for (const event of events) {
    if ('id' in event && event.id !== undefined) lastEventId = event.id
    if (event.type === 'result') results.push(event.data)
    if (event.type === 'span') traces.push(ofRoot(event))
    if (event.type === 'agent') agents.set(nameOf(event.data), event.data)
    if (event.type === 'agent_gone') agents.delete(nameOf(event.data))
    if (event.type === 'agent' || event.type === 'agent_gone') isAgents = true
    if (event.type === 'dropped') dropped += event.data.events
  }
  return {
    results: results.length === 0 ? state.results : newest([...results.reverse(), ...state.results]),
    traces: traces.length === 0 ? state.traces : newestTraces([...traces.reverse(), ...state.traces]),
    agents: isAgents ? [...agents.values()].sort((a, b) => laterFirst(a.lastSeen, b.lastSeen)) : null,
    dropped,
    lastEventId,
  }
}

/** Each subject's verdict once, the latest revision of it; the newest first. */
export function newest(results: readonly Result[]): Result[] {
  const byKey = new Map<string, Result>()
  for (const result of results) {
    const known = byKey.get(keyOf(result))
    if (known === undefined || known.revision < result.revision) byKey.set(keyOf(result), result)
  }
  return [...byKey.values()].sort((a, b) => laterFirst(a.evaluatedAt, b.evaluatedAt)).slice(0, SHOWN)
}

export const keyOf = ({ eval: evalId, traceId, spanId, runId }: Result): string =>
  `${evalId} ${traceId} ${spanId ?? ''} ${runId ?? ''}`

const nameOf = ({ agent, env }: Pick<LiveAgent, 'agent' | 'env'>): string => `${agent}\n${env ?? ''}`
