/** Clients of Redis, made from the settings, and errors in words that hold no secret. */
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { Cluster, Redis, ReplyError } from 'ioredis'
import { messageOf } from '../../engine/message-of.ts'
import { type RedisSettings, shownAddress } from './redis-url.ts'

export type RedisClient = Redis | Cluster

/** Redis cannot be reached or refuses; `message` says where and why. It keeps no `cause`: the client's errors carry commands, AUTH with its password among them. */
export class RedisUnavailable extends Error {
  override name = 'RedisUnavailable'
}

export interface ClientOptions {
  connectTimeout: number
  /** Of each operation; none for blocking reads. */
  commandTimeout?: number
  /** Reconnects that an operation waits for; null for ever. */
  maxRetriesPerRequest: number | null
  /** Whether operations wait while the connection is lost. */
  enableOfflineQueue: boolean
  /** Whether operations that were cut off are sent again. */
  autoResendUnfulfilledCommands: boolean
  /** Operations that are asked for in one turn of the event loop go out as one write. Not for blocking reads. */
  enableAutoPipelining?: boolean
}

/** A lost connection is tried again at most this far apart, for as long as the client lives. */
const MAX_RECONNECT_MS = 1_000

/** Connects in the background. Throws `RedisUnavailable` on a certificate that cannot be read. */
export function createRedisClient(settings: RedisSettings, options: ClientOptions): RedisClient {
  const { host, port, username, password, db } = settings
  const delayMs = (attempt: number): number => Math.min(MAX_RECONNECT_MS, 50 * attempt)
  const { enableOfflineQueue, ...each } = options
  const shared = {
    ...each,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(settings.tls === null ? {} : { tls: tlsOf(settings.tls) }),
    // After a failover the old primary answers READONLY until it is asked for anew.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  }
  if (!settings.cluster) return new Redis({ ...shared, enableOfflineQueue, retryStrategy: delayMs, host, port, db })
  return new Cluster([{ host, port }], {
    redisOptions: shared,
    clusterRetryStrategy: delayMs,
    enableOfflineQueue,
    // A managed cluster's certificate names hosts: addresses would not match it.
    dnsLookup: (address, callback) => callback(null, address),
  })
}

/** Rejects with `RedisUnavailable` when Redis does not answer within `timeoutMs`, or refuses the login. */
export async function answers(client: RedisClient, settings: RedisSettings, timeoutMs: number): Promise<void> {
  const late = Promise.withResolvers<never>()
  let lastError: unknown
  const onError = (error: unknown): void => {
    lastError = error
    if (isRefusal(error)) late.reject(unavailable(error, settings))
  }
  client.on('error', onError)
  const timer = setTimeout(
    () => late.reject(unavailable(lastError ?? new Error(`no answer within ${timeoutMs} ms`), settings)),
    timeoutMs,
  )
  try {
    await Promise.race([untilAnswered(client), late.promise])
  } finally {
    clearTimeout(timer)
    client.off('error', onError)
  }
}

async function untilAnswered(client: RedisClient): Promise<void> {
  if (client.status !== 'ready') await new Promise<void>((resolve) => void client.once('ready', () => resolve()))
  await client.ping()
}

/** Whatever a client threw, in words: never its commands, and never the password, wherever that came from. */
export function unavailable(error: unknown, settings: RedisSettings): RedisUnavailable {
  if (error instanceof RedisUnavailable) return error
  const where = `Redis at ${shownAddress(settings)}`
  if (isRefusal(error)) return new RedisUnavailable(`${where} refuses the user or the password.`)
  const text = withoutSecret(messageOf(error), settings.password)
  if (/^NOPERM/.test(text)) return new RedisUnavailable(`${where} does not permit it to this user (${text}).`)
  if (/certificate|self-signed|altnames/i.test(text))
    return new RedisUnavailable(
      `${where} has a certificate that is not trusted (${text}): name its authority with ?ca=FILE.`,
    )
  // Such as a memory limit: it is there, and says what it lacks.
  if (error instanceof ReplyError) return new RedisUnavailable(`${where} refuses a command (${text}).`)
  // An empty message is what a refused connection to several addresses has.
  const code = codeOf(error) ?? text
  return new RedisUnavailable(`${where} does not answer${code === '' ? '' : ` (${code})`}.`)
}

/** Whether a command failed for want of a connection, rather than by what it asked. */
export function isConnectionTrouble(error: unknown): boolean {
  const text = messageOf(error)
  return codeOf(error)?.startsWith('E') === true || CONNECTION_TROUBLE.test(text) || isRefusal(error)
}

/** As ioredis words it. */
const CONNECTION_TROUBLE =
  /^(Command timed out|Connection is closed|Stream isn't writeable|Reached the max retries|LOADING )/

function isRefusal(error: unknown): boolean {
  return /^(WRONGPASS|NOAUTH|ERR invalid password|ERR AUTH)/.test(messageOf(error))
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function withoutSecret(text: string, password: string | null): string {
  return password === null ? text : text.replaceAll(password, '***')
}

function tlsOf({ caFile, certFile, keyFile }: NonNullable<RedisSettings['tls']>): ConnectionOptions {
  const read = (file: string | null, name: string) => (file === null ? {} : { [name]: readPem(file, name) })
  return { ...read(caFile, 'ca'), ...read(certFile, 'cert'), ...read(keyFile, 'key') }
}

function readPem(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new RedisUnavailable(`The file that ${name}= names for Redis cannot be read (${messageOf(error)}).`)
  }
}
