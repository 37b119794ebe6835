/** Live agents of this process: what the evaluate loop fills, and what tells of it. */
import { randomUUID } from 'node:crypto'
import type { StateStore } from '../../../storage/state/port.ts'
import { LiveAgents } from './live-agents.ts'
import { LivePublisher } from './publish-live.ts'

export interface Live {
  /** For the evaluate loop. */
  readonly agents: LiveAgents
  stats(): { liveAgents: number; degradedAgents: number; untrackedSpans: number }
  /** After the loop. */
  drain(): Promise<void>
}

const TICK_MS = 1_000

export function startLive(options: {
  /** Rejects while the state cannot be had. */
  openState: () => Promise<StateStore>
  nowMs: () => number
  onProblem: (text: string) => void
}): Live {
  const agents = new LiveAgents()
  const publisher = new LivePublisher({ ...options, agents, processId: randomUUID() })
  const timer = setInterval(() => void publisher.tick(), TICK_MS)
  timer.unref()
  return {
    agents,
    stats: () => ({
      liveAgents: agents.size,
      degradedAgents: agents.degraded(options.nowMs()),
      untrackedSpans: agents.untracked,
    }),
    drain: () => {
      clearInterval(timer)
      return publisher.drain()
    },
  }
}
