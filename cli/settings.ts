/** What `assay up` runs with. */

import type { Route } from '../alerting/notification.ts'
import type { ReceiverSettings } from '../alerting/receivers/config.ts'
import type { JudgePlan } from '../dsl/plan.ts'
import type { Bounds } from '../engine/bounds/bounds.ts'
import type { PrivacySettings } from '../engine/privacy/policy.ts'
import type { LimitsSettings } from '../ingest/guard/limits.ts'
import type { SignInSettings } from '../server/sign-in/sign-in.ts'
import type { Access } from '../storage/access/gate.ts'
import type { ServerTls } from '../storage/access/server-tls.ts'
import type { KafkaSettings } from '../storage/log/kafka/config.ts'
import type { RedisSettings } from '../storage/redis/redis-url.ts'
import type { TracingSettings } from '../storage/tracing/open-tracing.ts'
import type { WorkerSettings } from '../workers/offline/offline-options.ts'
import type { SpendingSettings } from '../workers/offline/prices.ts'
import type { ProviderSettings } from '../workers/offline/providers.ts'
import type { Flags } from './config/given.ts'
import type { Environment } from './config/origin.ts'
import { lineOf } from './config/problem.ts'
import type { Effective } from './config/resolve.ts'
import { resolveSettings } from './config/resolve-settings.ts'
import { accessOf } from './config/sections/access.ts'
import { type RoutingSettings, routingOf } from './config/sections/alert-routing.ts'
import { receiversOf } from './config/sections/alerts.ts'
import { boundsOf } from './config/sections/gateway.ts'
import { instance } from './config/sections/instance.ts'
import { defaultJudgeOf, providersOf, spendingOf } from './config/sections/judges.ts'
import { limitsOf } from './config/sections/limits.ts'
import { kafkaSettingsOf } from './config/sections/log.ts'
import { privacyOf } from './config/sections/privacy.ts'
import { redisSettingsOf } from './config/sections/redis.ts'
import { serverTlsOf } from './config/sections/server-tls.ts'
import { signInOf } from './config/sections/sign-in.ts'
import { systemRoutesOf } from './config/sections/system.ts'
import { tracesUrlOf } from './config/sections/traces.ts'
import { type TablesSettings, tablesOf } from './config/sections/traces-tables.ts'
import { tracingOf } from './config/sections/tracing.ts'
import { workerOf } from './config/sections/worker.ts'
import type { Config } from './config/settings.ts'
import { pathOfEvals } from './pack-folder.ts'

export interface UpSettings {
  data: string
  evals: readonly string[]
  otlpHttpPort: number
  otlpGrpcPort: number
  maxEvaluateLagMs: number
  limits: LimitsSettings
  bounds: Bounds
  corsOrigins: readonly string[]
  gatewayTls: ServerTls | null
  httpTls: ServerTls | null
  access: Access
  signIn: SignInSettings
  privacy: PrivacySettings
  httpPort: number
  host: string
  logMaxBytes: number
  /** Of `agent-traces`, where the log is on Kafka. */
  logPartitions: number
  logUrl: KafkaSettings | null
  tracesUrl: string | null
  tables: TablesSettings
  redis: RedisSettings | null
  publicUrl: string | null
  providers: readonly ProviderSettings[]
  defaultJudge: JudgePlan | null
  spending: SpendingSettings
  worker: WorkerSettings
  receivers: ReceiverSettings
  routing: RoutingSettings
  systemRoutes: readonly Route[]
  /** Null: nothing is traced. */
  tracing: TracingSettings | null
}

export const defaults = { data: instance.data.default } as const

export type ParsedUpSettings =
  | { ok: true; settings: UpSettings; effective: readonly Effective[] }
  | { ok: false; problems: string[] }

/**
 * Parses flags, environment and file. On failure `problems` holds a line for each wrong setting: which, where it was set, and what
 * is expected.
 */
export function parseUpSettings(flags: Flags, env: Environment, path: string | null = null): ParsedUpSettings {
  // The forwarder is a command of its own, and its key need not be here.
  const resolved = resolveSettings({ flags, env, path }, { uses: (key) => key !== 'forward' })
  if (!resolved.ok) return { ok: false, problems: resolved.problems.map(lineOf) }
  const settings = upSettingsOf(resolved.config)
  const problems = sharedPorts({
    '--otlp-http-port': settings.otlpHttpPort,
    '--otlp-grpc-port': settings.otlpGrpcPort,
    '--http-port': settings.httpPort,
  })
  return problems.length > 0 ? { ok: false, problems } : { ok: true, settings, effective: resolved.effective }
}

/** Any number of them may be 0, for a free port. */
function sharedPorts(ports: Readonly<Record<string, number>>): string[] {
  const all = Object.entries(ports).filter(([, port]) => port !== 0)
  return all.flatMap(([flag, port], at) =>
    all
      .slice(at + 1)
      .flatMap(([other, same]) => (port === same ? [`${flag} and ${other} must differ (both are ${port})`] : [])),
  )
}

function upSettingsOf(config: Config): UpSettings {
  return {
    data: config.data,
    evals: config.evals.map(pathOfEvals),
    otlpHttpPort: config.gateway.otlpHttpPort,
    otlpGrpcPort: config.gateway.otlpGrpcPort,
    maxEvaluateLagMs: config.gateway.maxEvaluateLagSeconds * 1_000,
    limits: limitsOf(config.limits),
    bounds: boundsOf(config.gateway),
    corsOrigins: config.gateway.corsOrigins,
    gatewayTls: serverTlsOf(config.gateway.tls),
    httpTls: serverTlsOf(config.http.tls),
    access: accessOf(config.access, config.host, config.signIn.openId.issuer !== null),
    signIn: signInOf(config.signIn),
    privacy: privacyOf(config.privacy),
    httpPort: config.http.port,
    host: config.host,
    logMaxBytes: config.log.maxSize,
    logPartitions: config.log.partitions,
    logUrl: kafkaSettingsOf(config.log),
    tracesUrl: tracesUrlOf(config.traces),
    tables: tablesOf(config.traces),
    redis: redisSettingsOf(config.redis),
    publicUrl: config.publicUrl,
    providers: providersOf(config.judges),
    defaultJudge: defaultJudgeOf(config.judges),
    spending: spendingOf(config.judges, config.cost.prices),
    worker: workerOf(config.worker),
    receivers: receiversOf(config.alerts),
    routing: routingOf(config.alerts, systemRoutesOf(config.system)),
    systemRoutes: systemRoutesOf(config.system),
    tracing: tracingOf(config.tracing),
  }
}
