/** A real Redis for tests: the `redis-server` of this machine on a free port, its files in a temporary folder. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseRedisUrl, type RedisSettings } from '../../storage/redis/redis-url.ts'
import { freePort } from './free-port.ts'

/** Whether a Redis can be started here. Tests which need one are skipped by name without it, except where `CI=true`. */
export const redisServer: { installed: boolean; required: boolean } = {
  installed: isInstalled(),
  required: process.env.CI === 'true',
}

export interface RunningRedis {
  readonly url: string
  readonly pid: number
  /** SIGKILL; what it had acknowledged is in its append-only file, with which `start` goes on. */
  kill(): Promise<void>
  start(): Promise<void>
  /** It keeps its connections and answers nothing, until `thaw`. */
  freeze(): void
  thaw(): void
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

export interface RedisServerOptions {
  /** The arguments of `ACL SETUSER` but the name, such as `on >secret ~* +@all`; the default user is then off. */
  users?: Readonly<Record<string, string>>
  /** TLS alone, by this certificate. */
  tls?: TlsFiles
  /** A cluster of one node, which refuses a command with keys on several slots. */
  cluster?: boolean
}

export interface TlsFiles {
  caFile: string
  certFile: string
  keyFile: string
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RunningRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-redis-'))
  const port = await freePort()
  let child: ChildProcess | null = null
  const redis: RunningRedis = {
    url: `${options.tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`,
    get pid() {
      return child?.pid ?? 0
    },
    async start() {
      child = await launch(port, folder, options)
    },
    async kill() {
      if (child === null) return
      const exited = new Promise((resolve) => child?.once('exit', resolve))
      child.kill('SIGKILL')
      await exited
      child = null
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async stop() {
      await redis.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
  await redis.start()
  if (options.cluster === true)
    execFileSync('redis-cli', ['-p', String(port), 'CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
  return redis
}

/** Throws on a URL that is none. */
export function redisSettings(url: string): RedisSettings {
  const parsed = parseRedisUrl(url)
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.settings
}

/** A certificate for 127.0.0.1 by an authority of its own, made in `folder` by openssl. */
export function makeTlsFiles(folder: string): TlsFiles {
  const at = (name: string): string => join(folder, name)
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' })
  const files = { caFile: at('ca.pem'), certFile: at('server.pem'), keyFile: at('server.key') }
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  openssl('req', '-x509', ...newKey, '-subj', '/CN=test authority', '-keyout', at('ca.key'), '-out', files.caFile)
  openssl(
    ...['req', '-x509', ...newKey, '-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-addext', 'basicConstraints=critical,CA:FALSE', '-CA', files.caFile, '-CAkey', at('ca.key')],
    ...['-keyout', files.keyFile, '-out', files.certFile],
  )
  return files
}

async function launch(port: number, folder: string, options: RedisServerOptions): Promise<ChildProcess> {
  const args = ['--port', String(options.tls === undefined ? port : 0), '--bind', '127.0.0.1', '--dir', folder]
  // Each write is with the system before it is acknowledged: a kill loses nothing.
  args.push('--save', '', '--appendonly', 'yes')
  const { tls, users, cluster } = options
  if (tls !== undefined) {
    args.push('--tls-port', String(port), '--tls-auth-clients', 'no', '--tls-ca-cert-file', tls.caFile)
    args.push('--tls-cert-file', tls.certFile, '--tls-key-file', tls.keyFile)
  }
  if (users !== undefined) {
    // Off, but with its rights: Redis replays transactions of the append-only file as this user.
    args.push('--user', 'default', 'off', '~*', '&*', '+@all')
    for (const [name, rules] of Object.entries(users)) args.push('--user', name, ...rules.split(' '))
  }
  if (cluster === true) args.push('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1')
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await ready(child)
  return child
}

function isInstalled(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('Ready to accept connections')) resolve()
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${output}`)))
  })
}
