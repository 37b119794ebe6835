/** What Assay stands on: a Kafka broker, a Redis, the ClickHouse engine; and what is outside: a judge and a channel. */
import { openKafkaLog, parseKafkaUrl } from '../../storage/log/kafka.ts'
import type { Log } from '../../storage/log/port.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { type ClickHouseServer, startClickHouse } from '../support/clickhouse-server.ts'
import { type KafkaBroker, startKafkaBroker } from '../support/kafka-broker.ts'
import { startOpenAiServer } from '../support/openai-server.ts'
import { type RunningRedis, startRedis } from '../support/redis-server.ts'
import { type SlackServer, startSlackServer } from '../support/slack-server.ts'

export interface Engines {
  readonly broker: KafkaBroker
  readonly clickHouse: ClickHouseServer
  readonly redis: RunningRedis
  readonly slack: SlackServer
  /** The suite's own ways in: nothing of a role's state is shared with them. */
  readonly log: Log
  readonly traces: TracesStore
  /** For the roles. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
  /** Of what runs just now. */
  pids(): number[]
}

const RUN_LOCK_SECONDS = 5
/** Killed under load, it has every log to look through, on cores that others want. */
const BROKER_START_MS = 600_000

export async function startEngines(sessionSeconds: number): Promise<Engines> {
  const [broker, clickHouse, redis, slack, judge] = await Promise.all([
    startKafkaBroker({ startTimeoutMs: BROKER_START_MS }),
    startClickHouse(),
    startRedis(),
    startSlackServer(),
    startOpenAiServer({ answer: () => ({ kind: 'content', content: '{"reasoning":"It answers.","score":4}' }) }),
  ])
  const logUrl = `kafka://${broker.address}?session_seconds=${sessionSeconds}`
  const parsed = parseKafkaUrl(logUrl)
  if (!parsed.ok) throw new Error(parsed.message)
  const log = await openKafkaLog({ settings: parsed.settings, clientId: 'faults' })
  const traces = await openTraces({ url: clickHouse.url })
  return {
    broker,
    clickHouse,
    redis,
    slack,
    log,
    traces,
    env: {
      ASSAY_LOG_URL: logUrl,
      ASSAY_TRACES_URL: clickHouse.url,
      REDIS_URL: redis.url,
      ASSAY_SLACK_WEBHOOK_URL: slack.url(),
      ASSAY_ALERTS_ALLOW_PRIVATE: '127.0.0.1',
      ASSAY_OPENAI_BASE_URL: judge.url,
      ASSAY_RUN_LOCK_SECONDS: String(RUN_LOCK_SECONDS),
    },
    pids: () => [broker.pid, clickHouse.pid, redis.pid].filter((pid) => pid > 0),
    async stop() {
      await Promise.allSettled([log.close(), traces.close()])
      await Promise.allSettled([broker.stop(), clickHouse.stop(), redis.stop(), slack.close(), judge.close()])
    },
  }
}
