/** Where Redis is and how to speak to it, from one URL: the queue and the state share it. */

export interface RedisSettings {
  readonly host: string
  readonly port: number
  readonly username: string | null
  readonly password: string | null
  readonly db: number
  /** Files of PEM texts; null speaks in the clear, no `caFile` trusts the system's authorities. */
  readonly tls: {
    readonly caFile: string | null
    readonly certFile: string | null
    readonly keyFile: string | null
  } | null
  /** The server is a node of a Redis Cluster; the others are found through it. */
  readonly cluster: boolean
  /** All keys begin with it: several instances of Assay share a server by different ones. */
  readonly prefix: string
}

export type ParsedRedisUrl = { ok: true; settings: RedisSettings } | { ok: false; message: string }

const PARAMETERS = ['ca', 'cert', 'key', 'cluster', 'prefix'] as const
const TLS_PARAMETERS = ['ca', 'cert', 'key'] as const
const DEFAULT_PORT = 6379
const DEFAULT_PREFIX = 'assay'

/**
 * Reads `redis://[user[:password]@]host[:port][/db][?cluster=true&prefix=assay]`, or `rediss://…` for TLS with `ca=FILE`, and `cert=FILE&key=FILE`
 * where the server asks for a certificate. User, password and files are percent-encoded. The message never repeats the URL.
 */
export function parseRedisUrl(text: string): ParsedRedisUrl {
  const refuse = (message: string): ParsedRedisUrl => ({ ok: false, message })
  const url = URL.parse(text)
  if (url === null || url.hostname === '' || (url.protocol !== 'redis:' && url.protocol !== 'rediss:'))
    return refuse('must look like redis://user:password@host:6379, or rediss://… for TLS')
  const parameters = url.searchParams
  for (const name of parameters.keys()) {
    if (!PARAMETERS.some((known) => known === name))
      return refuse(`has an unknown parameter ${name}: it knows ${PARAMETERS.join(', ')}`)
  }
  const isTls = url.protocol === 'rediss:'
  const [caFile, certFile, keyFile] = TLS_PARAMETERS.map((name) => parameters.get(name) || null)
  if (!isTls && (caFile || certFile || keyFile)) return refuse('takes ca, cert and key with rediss:// alone')
  if ((certFile === null) !== (keyFile === null)) return refuse('takes cert and key together')
  const cluster = parameters.get('cluster') ?? 'false'
  if (cluster !== 'true' && cluster !== 'false') return refuse('takes cluster=true or cluster=false')
  const db = /^\/?(\d{0,4})$/.exec(url.pathname)?.[1]
  if (db === undefined) return refuse('names a database that is no number')
  if (cluster === 'true' && Number(db) !== 0) return refuse('names a database, and a cluster has only 0')
  const prefix = parameters.get('prefix') ?? DEFAULT_PREFIX
  if (!/^[\w.-]{1,40}$/.test(prefix)) return refuse('takes a prefix of letters, digits, and _ . -')
  const username = decode(url.username)
  const password = decode(url.password)
  if (username === undefined || password === undefined) return refuse('has to have user and password percent-encoded')
  return {
    ok: true,
    settings: {
      // Brackets belong to a URL and not to the address.
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? DEFAULT_PORT : Number(url.port),
      username: username || null,
      password: password || null,
      db: Number(db),
      tls: isTls ? { caFile: caFile ?? null, certFile: certFile ?? null, keyFile: keyFile ?? null } : null,
      cluster: cluster === 'true',
      prefix,
    },
  }
}

/** The address as messages may show it. */
export function shownAddress({ tls, host, port }: RedisSettings): string {
  return `${tls === null ? 'redis' : 'rediss'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
