/** A real Redis for tests: the `redis-server` of this machine on a free port, its files in a temporary folder. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

export async function startRedis(): Promise<RunningRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-redis-'))
  const port = await freePort()
  let child: ChildProcess | null = null
  const redis: RunningRedis = {
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return child?.pid ?? 0
    },
    async start() {
      const started = spawn(
        'redis-server',
        ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes'],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      child = started
      await ready(started)
    },
    async kill() {
      if (child === null) return
      const exited = new Promise((resolve) => child?.once('exit', resolve))
      child.kill('SIGKILL')
      await exited
      child = null
    },
    async stop() {
      await redis.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
  await redis.start()
  return redis
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
