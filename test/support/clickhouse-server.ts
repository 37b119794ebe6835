/** Starts `clickhouse-front.ts` as a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

export interface ClickHouseServer {
  /** As `ASSAY_TRACES_URL` takes it. */
  readonly url: string
  readonly pid: number
  /** SIGKILL: connections are refused until `start`, which goes on with the data. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** `login`: `user:password`, without which it refuses; the URL has it. */
export async function startClickHouse({ login = '' }: { login?: string } = {}): Promise<ClickHouseServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-clickhouse-'))
  const port = await freePort()
  let child: ReturnType<typeof spawn> | null = null
  const server: ClickHouseServer = {
    url: `http://${login === '' ? '' : `${login}@`}127.0.0.1:${port}`,
    get pid() {
      return child?.pid ?? 0
    },
    async start() {
      const front = join(import.meta.dirname, 'clickhouse-front.ts')
      const started = spawn(process.execPath, [front, dataDir, String(port), login], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child = started
      let errors = ''
      started.stderr.on('data', (chunk: Buffer) => {
        errors = (errors + chunk.toString()).slice(-4_000)
      })
      const ended = once(started, 'exit').then(([code]) => {
        throw new Error(`the ClickHouse server ended with ${code}: ${errors}`)
      })
      await Promise.race([once(started.stdout, 'data'), ended])
      ended.catch(() => {})
    },
    async kill() {
      if (child === null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      child = null
    },
    async stop() {
      await server.kill()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}
