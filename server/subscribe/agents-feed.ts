/** What agents do now, for those who subscribed to it: asked of the shared state once a second and tenant, told where it changed. */
import { messageOf } from '../../engine/message-of.ts'
import type { LiveAgentJson } from '../schemas.ts'
import type { Group } from './group.ts'
import type { Member } from './member.ts'
import { once, type StreamEvent } from './read-record.ts'

export type LiveAgentsOf = (tenant: string) => Promise<readonly LiveAgentJson[]>

export interface AgentsFeedOptions {
  readonly liveAgents: LiveAgentsOf | null
  readonly nowMs: () => number
  readonly onProblem: (text: string) => void
  readonly send: (group: Group, frames: readonly string[]) => void
}

const POLL_MS = 1_000

interface Watched {
  readonly groups: Set<Group>
  /** As they were told last, by agent and environment. */
  known: Map<string, StreamEvent>
  timer: NodeJS.Timeout | null
}

export class AgentsFeed {
  readonly #options: AgentsFeedOptions
  readonly #watched = new Map<string, Watched>()
  #lastFailure = ''

  constructor(options: AgentsFeedOptions) {
    this.#options = options
  }

  /** A new member of a group is told of all that are there. */
  add(group: Group, member: Member): void {
    const { tenant } = group.wanted
    const watched = this.#watched.get(tenant)
    if (watched !== undefined) {
      watched.groups.add(group)
      const frames = framesOf(group, [...watched.known.values()])
      if (frames.length > 0) member.send(frames, null, this.#options.nowMs())
      return
    }
    const created: Watched = { groups: new Set([group]), known: new Map(), timer: null }
    this.#watched.set(tenant, created)
    void this.#look(tenant, created)
  }

  remove(group: Group): void {
    const watched = this.#watched.get(group.wanted.tenant)
    if (watched === undefined || !watched.groups.delete(group) || watched.groups.size > 0) return
    if (watched.timer !== null) clearTimeout(watched.timer)
    this.#watched.delete(group.wanted.tenant)
  }

  close(): void {
    for (const { timer } of this.#watched.values()) if (timer !== null) clearTimeout(timer)
    this.#watched.clear()
  }

  async #look(tenant: string, watched: Watched): Promise<void> {
    try {
      const agents = (await this.#options.liveAgents?.(tenant)) ?? []
      if (this.#watched.get(tenant) !== watched) return
      const events = changesOf(watched, agents)
      if (events.length > 0) {
        for (const group of watched.groups) {
          const frames = framesOf(group, events)
          if (frames.length > 0) this.#options.send(group, frames)
        }
      }
      this.#lastFailure = ''
    } catch (error) {
      const failure = messageOf(error)
      if (failure !== this.#lastFailure) this.#options.onProblem(`live agents cannot be told: ${failure}`)
      this.#lastFailure = failure
    }
    if (this.#watched.get(tenant) === watched)
      watched.timer = setTimeout(() => void this.#look(tenant, watched), POLL_MS)
  }
}

function changesOf(watched: Watched, agents: readonly LiveAgentJson[]): StreamEvent[] {
  const events: StreamEvent[] = []
  const { known } = watched
  watched.known = new Map()
  for (const agent of agents) {
    const event: StreamEvent = { type: 'agent', agent, json: once(() => agent) }
    const name = JSON.stringify([agent.agent, agent.env])
    if (known.get(name)?.json() !== event.json()) events.push(event)
    watched.known.set(name, event)
    known.delete(name)
  }
  for (const gone of known.values()) {
    if (gone.type !== 'agent') continue
    const { agent, env } = gone.agent
    const named = env === undefined ? { agent } : { agent, env }
    events.push({ type: 'agent_gone', agent: named, json: once(() => named) })
  }
  return events
}

const framesOf = (group: Group, events: readonly StreamEvent[]): string[] =>
  events.filter((event) => group.wants(event)).map((event) => group.render(event, null))
