/** The log's topics: who writes which, and how long the embedded log keeps them. */
import type { TopicSpec } from './port.ts'

/** The gateway's: what clients sent. */
export const AGENT_TRACES = 'agent-traces'
/** The processor's and the offline worker's. */
export const EVAL_RESULTS = 'eval-results'
/** The alert evaluator's. */
export const ALERTS = 'alerts'
export const NOTIFICATIONS = 'notifications'
export const ALERT_STATE = 'alert-state'
/** The API's: silences and acknowledgements, which every manager follows. */
export const ALERT_CONTROLS = 'alert-controls'
/** The offline workers': scorecards as they were posted. */
export const SCORECARDS = 'scorecards'
/** The API's, by `assay push`: compiled packages of definitions. */
export const EVAL_DEFINITIONS = 'eval-definitions'
/** The API's and the command line's: keys, and what was done with them and by them. */
export const ACCESS_KEYS = 'access-keys'
export const AUDIT_LOG = 'audit-log'
/** The API's: people's sessions that were ended before their time. */
export const ENDED_SESSIONS = 'ended-sessions'
/** The API's: what was erased, and must not come back from a copy that is on its way. */
export const ERASURES = 'erasures'
/** Of replays: what was asked for, and how far each is (`storage/replays/`). */
export const REPLAYS = 'replays'
/** The processor's: traces that wait for the store to be judged whole, for whoever has their partition next. */
export const UNSETTLED_TRACES = 'unsettled-traces'
/** Everyone's: records that can't be used (`dead-letter.ts`). */
export const DEAD_LETTERS = 'dead-letters'

const DAY_MS = 24 * 3_600_000

const deadLetters: TopicSpec = {
  name: DEAD_LETTERS,
  partitions: 1,
  retentionMs: 30 * DAY_MS,
  retentionBytes: null,
  compacted: false,
}

/** What the processor reads and writes. */
export const onlineTopics: readonly TopicSpec[] = [
  { name: AGENT_TRACES, partitions: 4, retentionMs: 7 * DAY_MS, retentionBytes: 10 * 2 ** 30, compacted: false },
  { name: EVAL_RESULTS, partitions: 4, retentionMs: 7 * DAY_MS, retentionBytes: 2 * 2 ** 30, compacted: false },
  { name: UNSETTLED_TRACES, partitions: 4, retentionMs: 7 * DAY_MS, retentionBytes: null, compacted: false },
  deadLetters,
]

/** So many processors can share the traces of one cluster; a topic's partitions are for ever. */
export const KAFKA_TRACES_PARTITIONS = 24

/** `onlineTopics` as the kind of log needs them. A cluster's disk is bounded by the cluster. */
export function onlineTopicsFor(
  log: 'embedded' | 'kafka',
  tracesMaxBytes: number,
  kafkaPartitions = KAFKA_TRACES_PARTITIONS,
): readonly TopicSpec[] {
  return onlineTopics.map((topic) => {
    if (topic.name === UNSETTLED_TRACES && log === 'kafka') return { ...topic, partitions: kafkaPartitions }
    if (topic.name !== AGENT_TRACES) return topic
    return log === 'kafka' ? { ...topic, partitions: kafkaPartitions } : { ...topic, retentionBytes: tracesMaxBytes }
  })
}

/** What alerting writes; it reads `eval-results` too, which it leaves to the processor to make. */
export const alertTopics: readonly TopicSpec[] = [
  { name: ALERTS, partitions: 1, retentionMs: 30 * DAY_MS, retentionBytes: null, compacted: false },
  { name: NOTIFICATIONS, partitions: 1, retentionMs: 30 * DAY_MS, retentionBytes: null, compacted: false },
  { name: ALERT_STATE, partitions: 1, retentionMs: null, retentionBytes: null, compacted: true },
  deadLetters,
]

/** The API writes them, alert managers follow them. */
export const alertControlTopics: readonly TopicSpec[] = [
  { name: ALERT_CONTROLS, partitions: 1, retentionMs: null, retentionBytes: null, compacted: true },
]

/** What roles in processes of their own follow; one process watches files instead. */
export const definitionTopics: readonly TopicSpec[] = [
  { name: EVAL_DEFINITIONS, partitions: 1, retentionMs: null, retentionBytes: null, compacted: true },
]

/** Who may come in, which gateways and APIs follow; and what those in charge did. */
export const accessTopics: readonly TopicSpec[] = [
  { name: ACCESS_KEYS, partitions: 1, retentionMs: null, retentionBytes: null, compacted: true },
  { name: AUDIT_LOG, partitions: 1, retentionMs: 365 * DAY_MS, retentionBytes: null, compacted: false },
]

/** Every API follows it, where people sign in at a provider. */
export const endedSessionTopics: readonly TopicSpec[] = [
  { name: ENDED_SESSIONS, partitions: 1, retentionMs: null, retentionBytes: null, compacted: true },
]

/** The API writes what is asked for, whoever runs it how far it is. */
export const replayTopics: readonly TopicSpec[] = [
  { name: REPLAYS, partitions: 1, retentionMs: null, retentionBytes: null, compacted: true },
]

/** Who stores or judges follows it. */
export const erasureTopics: readonly TopicSpec[] = [
  { name: ERASURES, partitions: 1, retentionMs: null, retentionBytes: null, compacted: true },
]

/** The offline workers': scorecards as they were posted, for the API to show. */
export const scorecardTopics: readonly TopicSpec[] = [
  { name: SCORECARDS, partitions: 1, retentionMs: 400 * DAY_MS, retentionBytes: null, compacted: false },
]
