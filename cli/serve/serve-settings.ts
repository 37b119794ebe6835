/** What `assay serve` runs with: roles by name, and the engines they share by URL. Every mistake is told at once. */
import { type KafkaSettings, parseKafkaUrl } from '../../storage/log/kafka/config.ts'

export const ROLES = ['gateway', 'trans-evaluate', 'trans-store', 'alerts', 'scheduler', 'worker', 'api'] as const
export type RoleName = (typeof ROLES)[number]

type Engine = 'traces' | 'redis'

/** Besides the log, which all of them need. */
const NEEDS: Readonly<Record<RoleName, readonly Engine[]>> = {
  gateway: [],
  'trans-evaluate': ['traces'],
  'trans-store': ['traces'],
  alerts: [],
  scheduler: ['traces', 'redis'],
  worker: ['traces', 'redis'],
  api: ['traces', 'redis'],
}

export interface ServeSettings {
  readonly roles: readonly RoleName[]
  readonly log: KafkaSettings
  readonly tracesUrl: string | null
  readonly redisUrl: string | null
  readonly host: string
  /** Of health and readiness, and of the API where that is among the roles. */
  readonly httpPort: number
  readonly otlpHttpPort: number
  /** Where people reach the API: links in messages begin with it. */
  readonly publicUrl: string | null
  /** After this long without a sign of life from its worker, an offline run is taken up by another; null for the usual. */
  readonly runLockMs: number | null
}

export interface ServeFlags {
  host?: string
  httpPort?: string
  otlpHttpPort?: string
}

export type ParsedServeSettings = { ok: true; settings: ServeSettings } | { ok: false; problems: string[] }

type Environment = Readonly<Record<string, string | undefined>>

/** A flag wins over its variable; an empty variable is one that is not set. */
export function parseServeSettings(names: readonly string[], flags: ServeFlags, env: Environment): ParsedServeSettings {
  const problems: string[] = []
  const variable = (name: string): string | null => env[name] || null
  const roles = [...new Set(names)].flatMap((name) => {
    const role = ROLES.find((one) => one === name)
    if (role === undefined) problems.push(`there is no role ${name}: the roles are ${ROLES.join(', ')}`)
    return role ?? []
  })
  const log = logOf(variable('ASSAY_LOG_URL'), problems)
  const needs = (engine: Engine): readonly RoleName[] => roles.filter((role) => NEEDS[role].includes(engine))
  const urlOf = (name: string, engine: Engine, protocols: readonly string[], example: string): string | null => {
    const url = variable(name)
    const users = needs(engine)
    if (url === null) {
      if (users.length > 0) problems.push(`${name} is not set, and ${users.join(', ')} cannot do without: ${example}`)
      return null
    }
    // It may hold a password: the message does not repeat it.
    if (!protocols.includes(URL.parse(url)?.protocol ?? '')) problems.push(`${name} must look like ${example}`)
    return url
  }
  const port = (flag: string, name: string, given: string | undefined, fallback: number): number => {
    const text = given ?? variable(name) ?? String(fallback)
    const isPort = /^\d{1,5}$/.test(text) && Number(text) <= 65_535
    if (!isPort)
      problems.push(`${given === undefined ? name : flag} must be between 0 and 65535 (it is ${JSON.stringify(text)})`)
    return Number(text)
  }
  const lockSeconds = variable('ASSAY_RUN_LOCK_SECONDS')
  if (lockSeconds !== null && !/^[1-9]\d{0,3}$/.test(lockSeconds))
    problems.push(`ASSAY_RUN_LOCK_SECONDS must be between 1 and 9999 (it is ${JSON.stringify(lockSeconds)})`)
  const settings = {
    roles,
    tracesUrl: urlOf('ASSAY_TRACES_URL', 'traces', ['http:', 'https:'], 'http://user:password@host:8123'),
    redisUrl: urlOf('REDIS_URL', 'redis', ['redis:', 'rediss:'], 'redis://host:6379'),
    host: flags.host ?? variable('ASSAY_HOST') ?? '127.0.0.1',
    httpPort: port('--http-port', 'ASSAY_HTTP_PORT', flags.httpPort, 3000),
    otlpHttpPort: port('--otlp-http-port', 'ASSAY_OTLP_HTTP_PORT', flags.otlpHttpPort, 4318),
    publicUrl: variable('ASSAY_PUBLIC_URL'),
    runLockMs: lockSeconds === null ? null : Number(lockSeconds) * 1_000,
  }
  if (settings.publicUrl !== null && !/^https?:$/.test(URL.parse(settings.publicUrl)?.protocol ?? '')) {
    problems.push('ASSAY_PUBLIC_URL must look like https://assay.example.org')
  }
  return problems.length > 0 || log === null ? { ok: false, problems } : { ok: true, settings: { ...settings, log } }
}

function logOf(url: string | null, problems: string[]): KafkaSettings | null {
  if (url === null) {
    problems.push(
      'ASSAY_LOG_URL is not set: roles in processes of their own meet on Kafka, kafka://host:9092 (assay up runs all in one)',
    )
    return null
  }
  const parsed = parseKafkaUrl(url)
  if (parsed.ok) return parsed.settings
  problems.push(`ASSAY_LOG_URL: ${parsed.message}`)
  return null
}
