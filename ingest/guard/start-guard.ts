/** The breaker with its eyes on the log's readers. */
import type { Log } from '../../storage/log/port.ts'
import { AGENT_TRACES, onlineTopics } from '../../storage/log/topics.ts'
import { watchBacklog } from './backlog.ts'
import { Breaker } from './breaker.ts'

export interface GuardOptions {
  log: Pick<Log, 'committed' | 'offsetsForTime' | 'endOffsets'>
  nowMs: () => number
  /** How far evaluation may be behind before spans are refused. */
  maxEvaluateLagMs: number
  /** Spans are refused, or taken again: a line for the operator. */
  onChange: (text: string) => void
  onProblem: (text: string) => void
  intervalMs?: number
}

export interface Guard {
  readonly breaker: Breaker
  stop(): Promise<void>
}

/** Of the log's retention: storing that is further behind would lose spans before long. */
const STORE_SHARE = 0.8

export function startGuard({ log, nowMs, maxEvaluateLagMs, onChange, onProblem, intervalMs }: GuardOptions): Guard {
  const breaker = new Breaker(nowMs)
  let told: string | null = null
  const watch = watchBacklog({
    log,
    nowMs,
    limits: [
      { groupId: 'trans-evaluate', what: 'evaluation', limitMs: maxEvaluateLagMs },
      { groupId: 'trans-store', what: 'storing', limitMs: STORE_SHARE * retentionOfTracesMs },
    ],
    onChange: (reason) => {
      breaker.setBacklog(reason)
      if (reason === told) return
      onChange(
        reason === null ? 'Spans are taken again: the backlog is worked off.' : `Spans are refused (503): ${reason}.`,
      )
      told = reason
    },
    onProblem,
    ...(intervalMs !== undefined && { intervalMs }),
  })
  return { breaker, stop: () => watch.stop() }
}

const retentionOfTracesMs =
  onlineTopics.find(({ name }) => name === AGENT_TRACES)?.retentionMs ?? Number.POSITIVE_INFINITY
