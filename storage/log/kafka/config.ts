/** Where the brokers are and how to speak to them, from one URL. */

export type SaslMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512'
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

export type ParsedKafkaUrl = { ok: true; settings: KafkaSettings } | { ok: false; message: string }

const SASL: readonly SaslMechanism[] = ['plain', 'scram-sha-256', 'scram-sha-512']
const PARAMETERS = ['tls', 'sasl', 'compression', 'replication', 'session_seconds']
const DEFAULT_PORT = 9092

/**
 * Reads `kafka://[user:password@]host[:port][,host[:port]…][?tls=true&sasl=scram-sha-512&compression=lz4&replication=3]`, and
 * `session_seconds=15`. User and
 * password are percent-encoded; with them and no `sasl`, the mechanism is `plain`. The message never repeats the password.
 */
export function parseKafkaUrl(url: string): ParsedKafkaUrl {
  const refuse = (message: string): ParsedKafkaUrl => ({ ok: false, message: `the log's URL ${message}` })
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
  const tls = parameters.get('tls') ?? 'false'
  if (tls !== 'true' && tls !== 'false') return refuse('takes tls=true or tls=false')
  const compression = COMPRESSIONS.find((name) => name === (parameters.get('compression') ?? 'lz4'))
  if (compression === undefined) return refuse(`takes compression=${COMPRESSIONS.join(', ')}`)
  const replication = parameters.get('replication')
  if (replication !== null && !/^[1-9]\d?$/.test(replication)) return refuse('takes a count from 1 as replication')
  const session = parameters.get('session_seconds')
  if (session !== null && !/^[1-9]\d{0,2}$/.test(session)) return refuse('takes session_seconds from 1 to 999')
  const mechanism = SASL.find((name) => name === (parameters.get('sasl') ?? 'plain'))
  if (mechanism === undefined) return refuse(`takes sasl=${SASL.join(', ')}`)
  if (credentials === undefined && parameters.has('sasl')) return refuse('asks for SASL and names no user:password@')
  const [username, password] = (credentials ?? '').split(':').map(decode)
  if (credentials !== undefined && (!username || password === undefined)) {
    return refuse('has to name user and password as user:password@, percent-encoded')
  }
  return {
    ok: true,
    settings: {
      brokers,
      tls: tls === 'true' ? {} : null,
      sasl: username && password !== undefined ? ({ mechanism, username, password } as SaslLogin) : null,
      compression,
      replicationFactor: replication === null ? null : Number(replication),
      sessionTimeoutMs: session === null ? null : Number(session) * 1_000,
    },
  }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
