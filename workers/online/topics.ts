/** The topics of the processor: what it reads, and what it writes for alerts, storage and the curious. */
import type { TopicSpec } from '../../storage/log/port.ts'

export const AGENT_TRACES = 'agent-traces'
export const EVAL_RESULTS = 'eval-results'
export const DEAD_LETTERS = 'dead-letters'

const DAY_MS = 24 * 3_600_000

/** `onlineTopics` with another size bound of the traces. */
export function onlineTopicsWithin(tracesMaxBytes: number): readonly TopicSpec[] {
  return onlineTopics.map((topic) =>
    topic.name === AGENT_TRACES ? { ...topic, retentionBytes: tracesMaxBytes } : topic,
  )
}

/** As the embedded log opens them. */
export const onlineTopics: readonly TopicSpec[] = [
  { name: AGENT_TRACES, partitions: 4, retentionMs: 7 * DAY_MS, retentionBytes: 10 * 2 ** 30, compacted: false },
  { name: EVAL_RESULTS, partitions: 4, retentionMs: 7 * DAY_MS, retentionBytes: 2 * 2 ** 30, compacted: false },
  { name: DEAD_LETTERS, partitions: 1, retentionMs: 30 * DAY_MS, retentionBytes: null, compacted: false },
]
