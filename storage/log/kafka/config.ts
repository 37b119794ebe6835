/** Where the brokers are and how to speak to them, from one URL. */

export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const
export type SaslMechanism = (typeof SASL_MECHANISMS)[number]
/** One of a union for each mechanism, as kafkajs tells them apart. */
export type SaslLogin = {
  [M in SaslMechanism]: { readonly mechanism: M; readonly username: string; readonly password: string }
}[SaslMechanism]
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Compression = (typeof COMPRESSIONS)[number]

export interface KafkaSettings {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[]
  /** PEM texts; `{}` trusts the system's authorities. Null speaks in the clear. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | null
  readonly sasl: SaslLogin | null
  readonly compression: Compression
  /** Of topics that are created; null takes three, or as many as there are brokers. */
  readonly replicationFactor: number | null
  /** After this much silence the brokers give a consumer's partitions to another; null takes the consumer's own, 15 s. */
  readonly sessionTimeoutMs: number | null
}

/** What a URL says; null is what it leaves open. */
export interface KafkaUrl {
  readonly brokers: readonly string[]
  readonly isTls: boolean | null
  readonly mechanism: SaslMechanism | null
  readonly username: string | null
  readonly password: string | null
  readonly compression: Compression | null
  readonly replicationFactor: number | null
  readonly sessionTimeoutMs: number | null
}

export type ReadKafkaUrl = { ok: true; url: KafkaUrl } | { ok: false; message: string }
export type ParsedKafkaUrl = { ok: true; settings: KafkaSettings } | { ok: false; message: string }

const PARAMETERS = ['tls', 'sasl', 'compression', 'replication', 'session_seconds']
const DEFAULT_PORT = 9092

/**
 * Reads `kafka://[user:password@]host[:port][,host[:port]…][?tls=true&sasl=scram-sha-512&compression=lz4&replication=3]`, and
 * `session_seconds=15`. User and password are percent-encoded. The message never repeats the password.
 */
export function readKafkaUrl(url: string): ReadKafkaUrl {
  const refuse = (message: string): ReadKafkaUrl => ({ ok: false, message: `the log's URL ${message}` })
  const match = /^kafka:\/\/(?:([^@/?]*)@)?([^@/?]+)\/?(?:\?(.*))?$/.exec(url)
  if (match === null) return refuse('has to look like kafka://host:9092,host2:9092?tls=true')
  const [, credentials, hosts = '', query = ''] = match
  const brokers: string[] = []
  for (const host of hosts.split(',')) {
    const parts = /^(\[[0-9a-fA-F:]+\]|[\w.-]+)(?::(\d{1,5}))?$/.exec(host)
    const port = Number(parts?.[2] ?? DEFAULT_PORT)
    if (parts === null || port < 1 || port > 65_535) return refuse(`names a broker that is no host:port: ${host}`)
    brokers.push(`${parts[1]}:${port}`)
  }
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name)) return refuse(`has an unknown parameter ${name}: it knows ${PARAMETERS.join(', ')}`)
  }
  const tls = parameters.get('tls')
  if (tls !== null && tls !== 'true' && tls !== 'false') return refuse('takes tls=true or tls=false')
  const compression = oneOf(COMPRESSIONS, parameters.get('compression'))
  if (compression === undefined) return refuse(`takes compression=${COMPRESSIONS.join(', ')}`)
  const replication = parameters.get('replication')
  if (replication !== null && !/^[1-9]\d?$/.test(replication)) return refuse('takes a count from 1 as replication')
  const session = parameters.get('session_seconds')
  if (session !== null && !/^[1-9]\d{0,2}$/.test(session)) return refuse('takes session_seconds from 1 to 999')
  const mechanism = oneOf(SASL_MECHANISMS, parameters.get('sasl'))
  if (mechanism === undefined) return refuse(`takes sasl=${SASL_MECHANISMS.join(', ')}`)
  const [username, password] = (credentials ?? '').split(':').map(decode)
  if (credentials !== undefined && (!username || password === undefined)) {
    return refuse('has to name user and password as user:password@, percent-encoded')
  }
  return {
    ok: true,
    url: {
      brokers,
      isTls: tls === null ? null : tls === 'true',
      mechanism,
      username: username || null,
      password: username && password !== undefined ? password : null,
      compression,
      replicationFactor: replication === null ? null : Number(replication),
      sessionTimeoutMs: session === null ? null : Number(session) * 1_000,
    },
  }
}

/** With defaults for what the URL leaves open: a user without `sasl` proves itself by `plain`. */
export function parseKafkaUrl(url: string): ParsedKafkaUrl {
  const read = readKafkaUrl(url)
  if (!read.ok) return read
  const { brokers, isTls, mechanism, username, password, compression, replicationFactor, sessionTimeoutMs } = read.url
  if (mechanism !== null && username === null)
    return { ok: false, message: "the log's URL asks for SASL and names no user:password@" }
  return {
    ok: true,
    settings: {
      brokers,
      tls: isTls === true ? {} : null,
      sasl: saslLogin(mechanism, username, password),
      compression: compression ?? DEFAULT_COMPRESSION,
      replicationFactor,
      sessionTimeoutMs,
    },
  }
}

export const DEFAULT_COMPRESSION: Compression = 'lz4'

/** Null without a user or a password. */
export function saslLogin(
  mechanism: SaslMechanism | null,
  username: string | null,
  password: string | null,
): SaslLogin | null {
  if (username === null || password === null) return null
  // Which of the union it is, is known where it is used.
  return { mechanism: mechanism ?? 'plain', username, password } as SaslLogin
}

/** Null where nothing is asked for, undefined where it is none of the names. */
function oneOf<T extends string>(names: readonly T[], asked: string | null): T | null | undefined {
  return asked === null ? null : names.find((name) => name === asked)
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
