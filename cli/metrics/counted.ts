/** What the roles count anyway, for `/health`: as metrics, when somebody asks. */
import type { Counters } from '../health.ts'

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface CountedMetric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly labels: readonly string[]
  /** Of the parts that this process runs; none where it runs none of them. */
  readonly samples: (parts: Parts) => readonly Sample[]
}

/** Counters of each part by its name: gateway, evaluate, store, alerts, notifications, judges, replay, integrity, disk. */
export type Parts = ReadonlyMap<string, Counters>

const valueAt = (parts: Parts, part: string, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as Counters)[key] : undefined),
    parts.get(part),
  )

function one(type: CountedMetric['type'], name: string, help: string, from: string, scale = 1): CountedMetric {
  const [part = '', ...path] = from.split('.')
  return {
    name,
    type,
    help,
    labels: [],
    samples: (parts) => {
      const value = valueAt(parts, part, path)
      return typeof value === 'number' ? [{ labels: {}, value: value * scale }] : []
    },
  }
}
const counter = (name: string, help: string, from: string): CountedMetric => one('counter', name, help, from)
const gauge = (name: string, help: string, from: string, scale = 1): CountedMetric =>
  one('gauge', name, help, from, scale)

function byKey(
  name: string,
  help: string,
  label: string,
  from: string,
  type: CountedMetric['type'] = 'counter',
): CountedMetric {
  const [part = '', ...path] = from.split('.')
  return {
    name,
    type,
    help,
    labels: [label],
    samples: (parts) => {
      const values = valueAt(parts, part, path)
      if (typeof values !== 'object' || values === null) return []
      return Object.entries(values).flatMap(([key, value]) =>
        typeof value === 'number' ? [{ labels: { [label]: key }, value }] : [],
      )
    },
  }
}

function byPart(name: string, help: string, froms: Readonly<Record<string, string>>): CountedMetric {
  const rows = Object.entries(froms).map(([part, from]) => ({ part, samples: counter(name, help, from).samples }))
  return {
    name,
    type: 'counter',
    help,
    labels: ['part'],
    samples: (parts) =>
      rows.flatMap(({ part, samples }) => samples(parts).map(({ value }) => ({ labels: { part }, value }))),
  }
}

/** 1 for the state that something is in, 0 for the others. */
function states(name: string, help: string, from: string, all: readonly string[]): CountedMetric {
  const [part = '', ...path] = from.split('.')
  return {
    name,
    type: 'gauge',
    help,
    labels: ['state'],
    samples: (parts) => {
      const state = valueAt(parts, part, path)
      if (typeof state !== 'string') return []
      return all.map((one) => ({ labels: { state: one }, value: one === state ? 1 : 0 }))
    },
  }
}

/** The same of several, each under its name. */
function statesByKey(name: string, help: string, label: string, from: string, all: readonly string[]): CountedMetric {
  const [part = '', ...path] = from.split('.')
  return {
    name,
    type: 'gauge',
    help,
    labels: [label, 'state'],
    samples: (parts) => {
      const found = valueAt(parts, part, path)
      if (typeof found !== 'object' || found === null) return []
      return Object.entries(found).flatMap(([key, state]) =>
        all.map((one) => ({ labels: { [label]: key, state: one }, value: one === state ? 1 : 0 })),
      )
    },
  }
}

/** Of the gateway's breaker, and of those of the providers. */
const BREAKER_STATES = ['closed', 'half_open', 'open'] as const

export const COUNTED: readonly CountedMetric[] = [
  counter('assay_gateway_requests_total', 'Requests to take something, over all protocols.', 'gateway.requests'),
  counter('assay_gateway_accepted_requests_total', 'Of them: those that were taken.', 'gateway.acceptedRequests'),
  counter(
    'assay_gateway_spans_total',
    'Spans that were taken: in the log before the sender heard so.',
    'gateway.acceptedSpans',
  ),
  counter(
    'assay_gateway_rejected_spans_total',
    'Spans of requests that were taken, left out of them: without a start or an end.',
    'gateway.rejectedSpans',
  ),
  counter('assay_gateway_cut_texts_total', 'Texts that were cut for being too long, with a mark.', 'gateway.cutTexts'),
  counter(
    'assay_gateway_dropped_attributes_total',
    'Attributes of spans that had too many, left out with a mark.',
    'gateway.droppedAttributes',
  ),
  counter(
    'assay_gateway_clamped_spans_total',
    'Spans whose times were out of bounds and were clamped, with a mark.',
    'gateway.clampedSpans',
  ),
  byKey(
    'assay_gateway_rejected_requests_total',
    'Requests that were turned away, by why. 503: log_unavailable, overloaded; 429: rate_limited, quota_used.',
    'reason',
    'gateway.rejected',
  ),
  states(
    'assay_gateway_breaker_state',
    'The state of the circuit breaker: 1 for the one that it is in.',
    'gateway.breaker.state',
    BREAKER_STATES,
  ),
  counter('assay_gateway_breaker_opened_total', 'How often the breaker opened.', 'gateway.breaker.opened'),
  counter('assay_gateway_breaker_refused_total', 'Requests that the breaker turned away.', 'gateway.breaker.refused'),
  byKey(
    'assay_gateway_open_connections',
    'Connections that are open, by listener: `http` (with its WebSockets) and `grpc`.',
    'listener',
    'gateway.openConnections',
    'gauge',
  ),
  gauge('assay_gateway_open_streams', 'WebSockets that are open.', 'gateway.openStreams'),
  gauge(
    'assay_gateway_refused_tenants',
    'Tenants that are over a limit at the moment.',
    'gateway.limits.refusedTenants',
  ),
  counter('assay_evaluate_spans_total', 'Spans that were evaluated.', 'evaluate.spans'),
  counter('assay_evaluate_batches_total', 'Fetches from the log with something in them.', 'evaluate.batches'),
  gauge('assay_evaluate_last_batch_spans', 'Spans of the latest of them.', 'evaluate.lastBatchSpans'),
  counter('assay_evaluate_results_total', 'Results appended to the log.', 'evaluate.results'),
  byKey('assay_verdicts_total', 'Of them, by verdict.', 'verdict', 'evaluate.verdicts'),
  gauge('assay_evaluate_open_traces', 'Traces that wait for their end.', 'evaluate.openTraces'),
  counter('assay_evaluate_settled_traces_total', 'Traces that were judged.', 'evaluate.settledTraces'),
  counter(
    'assay_evaluate_settled_early_total',
    'Of them: before their time, because memory was full.',
    'evaluate.settledEarly',
  ),
  counter(
    'assay_evaluate_cut_traces_total',
    'Traces told to be unknown for being cut, because the store did not answer or was behind.',
    'evaluate.cutTraces',
  ),
  counter(
    'assay_evaluate_unread_convention_spans_total',
    'Spans that look like model calls in a convention that is not read.',
    'evaluate.unreadConvention',
  ),
  gauge(
    'assay_evaluate_up_to_seconds',
    'When the log took the newest record that is evaluated, since the epoch.',
    'evaluate.evaluatedUpToMs',
    1e-3,
  ),
  gauge('assay_live_agents', 'Agents that are followed for the live view.', 'evaluate.liveAgents'),
  gauge(
    'assay_live_degraded_agents',
    'Agents of which more than a tenth of the runs of the last five minutes failed, of five runs at least.',
    'evaluate.degradedAgents',
  ),
  counter('assay_live_untracked_spans_total', 'Spans of agents beyond what is followed.', 'evaluate.untrackedSpans'),
  counter('assay_store_spans_total', 'Spans that were stored.', 'store.spans'),
  counter('assay_store_results_total', 'Results that were stored.', 'store.results'),
  counter('assay_store_batches_total', 'Batches that were stored.', 'store.batches'),
  gauge('assay_store_last_batch_rows', 'Rows of the latest of them.', 'store.lastBatchRows'),
  gauge('assay_store_pending_rows', 'Rows read and not yet stored.', 'store.pendingRows'),
  gauge(
    'assay_store_up_to_seconds',
    'When the log took the newest record that is stored, since the epoch.',
    'store.storedUpToMs',
    1e-3,
  ),
  byPart('assay_dead_letters_total', 'Records that were put aside, by the part that did.', {
    evaluate: 'evaluate.deadLetters',
    store: 'store.deadLetters',
    notifications: 'notifications.deadLettered',
  }),
  byPart('assay_outages_total', 'Attempts that failed because a log or a store did not answer, and were made again.', {
    evaluate: 'evaluate.outages',
    store: 'store.outages',
    replay: 'replay.outages',
  }),
  counter('assay_alert_observations_total', 'Results that alerts took into account.', 'alerts.observations'),
  counter('assay_alert_transitions_total', 'Alerts that changed their state.', 'alerts.transitions'),
  counter('assay_notifications_delivered_total', 'Messages that a receiver took.', 'notifications.delivered'),
  counter(
    'assay_notifications_printed_total',
    'Messages that were printed, for want of a receiver.',
    'notifications.printed',
  ),
  counter('assay_notifications_retried_total', 'Deliveries that failed and were tried again.', 'notifications.retried'),
  gauge('assay_judge_providers', 'Providers of judges that are configured.', 'judges.providers'),
  gauge('assay_judge_providers_out', 'Of them: those that take no calls at the moment.', 'judges.providersOut'),
  statesByKey(
    'assay_judge_provider_state',
    'The state of each provider: 1 for the one that it is in. closed: it takes calls; open: it takes none; half_open: it is probed.',
    'provider',
    'judges.states',
    BREAKER_STATES,
  ),
  counter('assay_judge_cache_hits_total', 'Answers of judges that were found in the cache.', 'judges.cache.hits'),
  counter('assay_judge_cache_misses_total', 'Answers that were not, and had to be asked for.', 'judges.cache.misses'),
  counter('assay_replay_spans_total', 'Spans that replays evaluated again.', 'replay.spans'),
  gauge('assay_replays_running', 'Replays under way.', 'replay.running'),
  gauge(
    'assay_integrity_findings',
    'What the latest daily check found amiss between the log and the store.',
    'integrity.findings',
  ),
  gauge(
    'assay_http_open_connections',
    'Connections that are open to the API, or where a process without it tells its health.',
    'http.openConnections',
  ),
  gauge('assay_subscribers', 'Subscriptions that are open.', 'subscriptions.subscribers'),
  gauge('assay_subscription_filters', 'Different ones of them.', 'subscriptions.filters'),
  counter('assay_subscription_events_total', 'Events that subscribers were sent.', 'subscriptions.sent'),
  counter(
    'assay_subscription_dropped_events_total',
    'Events for which a subscriber was too slow.',
    'subscriptions.dropped',
  ),
  gauge(
    'assay_redis_replication_lag_seconds',
    'How far behind the replica of Redis is that is furthest; absent without replicas.',
    'redis.replicationLagSeconds',
  ),
  gauge('assay_cpu_cores', 'Cores that this process may use.', 'process.cpuCores'),
  gauge('assay_memory_limit_bytes', 'Memory that this process may use.', 'process.memoryLimitBytes'),
  gauge('assay_disk_free_bytes', 'What may still be written on the disk of the data folder.', 'disk.freeBytes'),
]
