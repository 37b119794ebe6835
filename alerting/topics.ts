/** The topics that alerting writes. `eval-results`, which it reads, belongs to the processor. */
import type { TopicSpec } from '../storage/log/port.ts'

export const EVAL_RESULTS = 'eval-results'
export const ALERTS = 'alerts'
export const NOTIFICATIONS = 'notifications'
export const ALERT_STATE = 'alert-state'
export const DEAD_LETTERS = 'dead-letters'

const DAY_MS = 24 * 3_600_000

export const alertTopics: readonly TopicSpec[] = [
  { name: ALERTS, partitions: 1, retentionMs: 30 * DAY_MS, retentionBytes: null, compacted: false },
  { name: NOTIFICATIONS, partitions: 1, retentionMs: 30 * DAY_MS, retentionBytes: null, compacted: false },
  { name: ALERT_STATE, partitions: 1, retentionMs: null, retentionBytes: null, compacted: true },
  { name: DEAD_LETTERS, partitions: 1, retentionMs: 30 * DAY_MS, retentionBytes: null, compacted: false },
]
