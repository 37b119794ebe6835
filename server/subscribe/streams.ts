/** What can be subscribed to, and which topic of the log each comes from. */
import { AGENT_TRACES, ALERTS, EVAL_RESULTS } from '../../storage/log/topics.ts'

/** Of the log, in the order in which what came at once is told: a span before the verdicts on it. */
export const LOG_STREAMS = ['spans', 'results', 'alerts'] as const
export const STREAMS = [...LOG_STREAMS, 'agents'] as const

export type LogStream = (typeof LOG_STREAMS)[number]
export type Stream = (typeof STREAMS)[number]

export const TOPIC_OF: Readonly<Record<LogStream, string>> = {
  spans: AGENT_TRACES,
  results: EVAL_RESULTS,
  alerts: ALERTS,
}

export const streamOf = (topic: string): LogStream | undefined => LOG_STREAMS.find((one) => TOPIC_OF[one] === topic)

export const isLogStream = (stream: Stream): stream is LogStream => stream !== 'agents'
