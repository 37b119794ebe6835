/** What `assay serve` runs with: roles by name, and the engines they share by URL. Every mistake is told at once. */

import type { Route } from '../../alerting/notification.ts'
import { NO_RECEIVERS, type ReceiverSettings } from '../../alerting/receivers/config.ts'
import type { JudgePlan } from '../../dsl/plan.ts'
import type { Bounds } from '../../engine/bounds/bounds.ts'
import type { JudgesInForce } from '../../engine/judge/in-force.ts'
import { NO_PRIVACY, type PrivacySettings } from '../../engine/privacy/policy.ts'
import type { LimitsSettings } from '../../ingest/guard/limits.ts'
import type { SignInSettings } from '../../server/sign-in/sign-in.ts'
import type { Access } from '../../storage/access/gate.ts'
import type { ServerTls } from '../../storage/access/server-tls.ts'
import type { KafkaSettings } from '../../storage/log/kafka/config.ts'
import type { RedisSettings } from '../../storage/redis/redis-url.ts'
import type { TracingSettings } from '../../storage/tracing/open-tracing.ts'
import type { WorkerSettings } from '../../workers/offline/offline-options.ts'
import { NO_SPENDING, type SpendingSettings } from '../../workers/offline/prices.ts'
import type { ProviderSettings } from '../../workers/offline/providers.ts'
import type { Flags } from '../config/given.ts'
import type { Environment } from '../config/origin.ts'
import { lineOf } from '../config/problem.ts'
import { resolveSettings } from '../config/resolve-settings.ts'
import { accessOf } from '../config/sections/access.ts'
import { type RoutingSettings, routingOf } from '../config/sections/alert-routing.ts'
import { receiversOf } from '../config/sections/alerts.ts'
import { boundsOf } from '../config/sections/gateway.ts'
import { defaultJudgeOf, judgesInForceOf, providersOf, spendingOf } from '../config/sections/judges.ts'
import { limitsOf } from '../config/sections/limits.ts'
import { kafkaSettingsOf } from '../config/sections/log.ts'
import type { LogLevel } from '../config/sections/logging.ts'
import { privacyOf } from '../config/sections/privacy.ts'
import { redisSettingsOf } from '../config/sections/redis.ts'
import { serverTlsOf } from '../config/sections/server-tls.ts'
import { signInOf } from '../config/sections/sign-in.ts'
import { systemRoutesOf } from '../config/sections/system.ts'
import { tracesUrlOf } from '../config/sections/traces.ts'
import { type TablesSettings, tablesOf } from '../config/sections/traces-tables.ts'
import { tracingOf } from '../config/sections/tracing.ts'
import { workerOf } from '../config/sections/worker.ts'
import type { Complaint } from '../config/setting.ts'
import type { Config } from '../config/settings.ts'

export const ROLES = ['gateway', 'trans-evaluate', 'trans-store', 'alerts', 'scheduler', 'worker', 'api'] as const
export type RoleName = (typeof ROLES)[number]

type Section = keyof Config

/** Every role listens, speaks to the log, prints, and may be traced. */
const USED_BY_ALL: readonly Section[] = ['host', 'publicUrl', 'http', 'log', 'logging', 'tracing']

/** Without its secrets: what is measured is part of who judges, and every role that takes up definitions has to say the same of it. */
const PLAINLY_USED_BY_ALL: ReadonlySet<string> = new Set(['judges'] satisfies Section[])

/** What a role uses besides; secrets of the rest need not be where it runs. */
const USES: Readonly<Record<RoleName, readonly Section[]>> = {
  gateway: ['gateway', 'limits', 'access', 'privacy', 'redis'],
  'trans-evaluate': ['traces', 'redis'],
  'trans-store': ['traces'],
  alerts: ['alerts', 'system'],
  scheduler: ['traces', 'redis', 'worker', 'judges', 'cost', 'system'],
  worker: ['traces', 'redis', 'worker', 'judges', 'cost', 'system'],
  api: ['access', 'signIn', 'privacy', 'traces', 'redis', 'worker', 'judges', 'cost', 'system'],
}

/** Sections whose `url` whoever uses them can't do without, but those who only share through it what each of them counts. */
const ENGINES: readonly { section: Section; variable: string; example: string; optionalFor?: readonly RoleName[] }[] = [
  { section: 'log', variable: 'ASSAY_LOG_URL', example: 'kafka://host:9092 (assay up runs all roles in one process)' },
  { section: 'traces', variable: 'ASSAY_TRACES_URL', example: 'http://user:password@host:8123' },
  { section: 'redis', variable: 'REDIS_URL', example: 'redis://host:6379', optionalFor: ['gateway', 'trans-evaluate'] },
]

export interface ServeSettings {
  readonly roles: readonly RoleName[]
  readonly log: KafkaSettings
  /** Of `agent-traces`, when it is made. */
  readonly logPartitions: number
  readonly tracesUrl: string | null
  readonly tables: TablesSettings
  /** The queue's and the state's. */
  readonly redis: RedisSettings | null
  readonly host: string
  /** Of health and readiness, and of the API where that is among the roles. */
  readonly httpPort: number
  readonly otlpHttpPort: number
  readonly otlpGrpcPort: number
  readonly maxEvaluateLagMs: number
  readonly limits: LimitsSettings
  readonly bounds: Bounds
  readonly corsOrigins: readonly string[]
  readonly gatewayTls: ServerTls | null
  readonly httpTls: ServerTls | null
  readonly access: Access
  /** Null: this process has no API. */
  readonly signIn: SignInSettings | null
  readonly privacy: PrivacySettings
  /** Where people reach the API: links in messages begin with it. */
  readonly publicUrl: string | null
  readonly worker: WorkerSettings
  readonly providers: readonly ProviderSettings[]
  readonly defaultJudge: JudgePlan | null
  /** In every role alike. */
  readonly judgesInForce: JudgesInForce
  readonly spending: SpendingSettings
  readonly receivers: ReceiverSettings
  readonly routing: RoutingSettings
  readonly systemRoutes: readonly Route[]
  readonly logLevel: LogLevel
  /** Null: nothing is traced. */
  readonly tracing: TracingSettings | null
}

export type ParsedServeSettings = { ok: true; settings: ServeSettings } | { ok: false; problems: string[] }

export function parseServeSettings(
  names: readonly string[],
  flags: Flags,
  env: Environment,
  path: string | null = null,
): ParsedServeSettings {
  const problems: string[] = []
  const roles = [...new Set(names)].flatMap((name) => {
    const role = ROLES.find((one) => one === name)
    if (role === undefined) problems.push(`there is no role ${name}: the roles are ${ROLES.join(', ')}`)
    return role ?? []
  })
  const uses = usedBy(roles)
  const require = (isGiven: (path: string) => boolean): Complaint[] => neededBy(roles, isGiven)
  const resolved = resolveSettings({ flags, env, path }, { uses, require })
  if (!resolved.ok) return { ok: false, problems: [...problems, ...resolved.problems.map(lineOf)] }
  const { config } = resolved
  const log = kafkaSettingsOf(config.log)
  if (problems.length > 0 || log === null) return { ok: false, problems }
  return {
    ok: true,
    settings: {
      roles,
      log,
      logPartitions: config.log.partitions,
      tracesUrl: uses('traces') ? tracesUrlOf(config.traces) : null,
      tables: tablesOf(config.traces),
      redis: uses('redis') ? redisSettingsOf(config.redis) : null,
      host: config.host,
      httpPort: config.http.port,
      otlpHttpPort: config.gateway.otlpHttpPort,
      otlpGrpcPort: config.gateway.otlpGrpcPort,
      maxEvaluateLagMs: config.gateway.maxEvaluateLagSeconds * 1_000,
      limits: limitsOf(config.limits),
      bounds: boundsOf(config.gateway),
      corsOrigins: config.gateway.corsOrigins,
      gatewayTls: uses('gateway') ? serverTlsOf(config.gateway.tls) : null,
      httpTls: serverTlsOf(config.http.tls),
      access: accessOf(config.access, config.host, config.signIn.openId.issuer !== null),
      signIn: uses('signIn') ? signInOf(config.signIn) : null,
      privacy: uses('privacy') ? privacyOf(config.privacy) : NO_PRIVACY,
      publicUrl: config.publicUrl,
      worker: workerOf(config.worker),
      providers: uses('judges') ? providersOf(config.judges) : [],
      defaultJudge: uses('judges') ? defaultJudgeOf(config.judges) : null,
      judgesInForce: judgesInForceOf(config.judges),
      spending: uses('judges') ? spendingOf(config.judges, config.cost.prices) : NO_SPENDING,
      receivers: uses('alerts') ? receiversOf(config.alerts) : NO_RECEIVERS,
      routing: routingOf(config.alerts, uses('system') ? systemRoutesOf(config.system) : []),
      systemRoutes: uses('system') ? systemRoutesOf(config.system) : [],
      logLevel: config.logging.level,
      tracing: tracingOf(config.tracing),
    },
  }
}

/** Whether one of the roles uses what stands below a key at the top of the configuration: with its secrets, unless told that none is meant. */
export function usedBy(roles: readonly RoleName[]): (key: string, isSecret?: boolean) => boolean {
  const used = new Set<string>([...USED_BY_ALL, ...roles.flatMap((role) => USES[role])])
  return (key, isSecret = true) => used.has(key) || (!isSecret && PLAINLY_USED_BY_ALL.has(key))
}

/** The engines that roles lack. */
export function neededBy(roles: readonly RoleName[], isGiven: (path: string) => boolean): Complaint[] {
  return ENGINES.flatMap(({ section, variable, example, optionalFor = [] }) => {
    const users = roles.filter(
      (role) => (USED_BY_ALL.includes(section) || USES[role].includes(section)) && !optionalFor.includes(role),
    )
    if (users.length === 0 || isGiven(`${section}.url`)) return []
    const message = `${variable} is not set, nor ${section}.url in an assay.yaml, and ${users.join(', ')} cannot do without: ${example}`
    return [{ path: null, message }]
  })
}
