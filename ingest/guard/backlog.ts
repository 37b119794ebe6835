/**
 * How far those who read `agent-traces` are behind. Evaluation has to be timely: spans that are judged hours late alert nobody. Storing may
 * wait for as long as the log keeps them: only near its end is it better to refuse than to lose.
 */
import { messageOf } from '../../engine/message-of.ts'
import type { Log } from '../../storage/log/port.ts'
import { AGENT_TRACES } from '../../storage/log/topics.ts'

export interface BacklogLimit {
  readonly groupId: string
  /** What the group does, for messages. */
  readonly what: string
  readonly limitMs: number
}

export interface BacklogWatchOptions {
  log: Pick<Log, 'committed' | 'offsetsForTime' | 'endOffsets'>
  limits: readonly BacklogLimit[]
  nowMs: () => number
  /** Null when nobody is too far behind. */
  onChange: (reason: string | null) => void
  onProblem: (text: string) => void
  intervalMs?: number
}

export interface BacklogWatch {
  look(): Promise<void>
  stop(): Promise<void>
}

const INTERVAL_MS = 10_000

/** Looks at once, and then again and again until it is stopped. */
export function watchBacklog(options: BacklogWatchOptions): BacklogWatch {
  const { intervalMs = INTERVAL_MS } = options
  let timer: NodeJS.Timeout | null = null
  let isStopped = false
  let lastFailure = ''
  const look = async (): Promise<void> => {
    try {
      options.onChange(await worstOf(options))
      lastFailure = ''
    } catch (error) {
      // A log that can't be asked is for the appends to tell; what was known stays.
      const failure = messageOf(error)
      if (failure !== lastFailure) options.onProblem(`the backlog cannot be measured: ${failure}`)
      lastFailure = failure
    }
  }
  const round = async (): Promise<void> => {
    await look()
    if (!isStopped) timer = setTimeout(() => (running = round()), intervalMs)
  }
  let running = round()
  return {
    look,
    stop: async () => {
      isStopped = true
      if (timer !== null) clearTimeout(timer)
      await running
    },
  }
}

async function worstOf({ log, limits, nowMs }: BacklogWatchOptions): Promise<string | null> {
  for (const { groupId, what, limitMs } of limits) {
    if (await isBehind(log, groupId, nowMs() - limitMs)) return `${what} is more than ${spoken(limitMs)} behind`
  }
  return null
}

/** True if a record from before that time is not done with. */
async function isBehind(log: BacklogWatchOptions['log'], groupId: string, timeMs: number): Promise<boolean> {
  const [due, committed, extents] = await Promise.all([
    log.offsetsForTime(AGENT_TRACES, timeMs),
    log.committed(groupId),
    log.endOffsets(AGENT_TRACES),
  ])
  const startOf = new Map(extents.map(({ partition, start }) => [partition, start]))
  const doneOf = new Map(
    committed.filter(({ topic }) => topic === AGENT_TRACES).map(({ partition, offset }) => [partition, offset]),
  )
  return due.some(({ partition, offset }) => {
    const done = Math.max(doneOf.get(partition) ?? 0, startOf.get(partition) ?? 0)
    return done < offset
  })
}

const spoken = (ms: number): string => {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 1) return `${Math.round(ms / 1_000)} s`
  if (minutes < 120) return `${minutes} min`
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} days`
}
