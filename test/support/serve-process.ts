/** Starts `assay serve ROLE…` as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { nodeFlagsOf } from '../../scripts/node-flags.mjs'

const root = join(import.meta.dirname, '..', '..')
export const cliFile = join(root, 'cli', 'main.ts')

/** Tests send spans of fixed dates, which no later year may take away. */
const KEPT = { ASSAY_TRACES_RETENTION: 'forever' }

export interface ServedProcess {
  readonly roles: readonly string[]
  readonly pid: number
  /** Base address of health, and of the API where that is among the roles. */
  readonly httpUrl: string
  /** Of the gateway's OTLP/HTTP. */
  readonly tracesUrl: string | null
  output(): string
  /** SIGTERM, then the exit code. */
  stop(): Promise<number | null>
  kill(): Promise<void>
}

/** Ports are free ones unless the environment says otherwise. */
export async function startServe(
  roles: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ServedProcess> {
  const child = spawn(process.execPath, [...nodeFlagsOf(roles), cliFile, 'serve', ...roles], {
    env: {
      ...process.env,
      ASSAY_HTTP_PORT: '0',
      ASSAY_OTLP_HTTP_PORT: '0',
      ASSAY_OTLP_GRPC_PORT: '0',
      ...KEPT,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const text = { all: '' }
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const said = (pattern: RegExp): Promise<string> => waitFor(child, text, ended, pattern)
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text.all += chunk
    })
  }
  const httpUrl = await said(/health on (http:\/\/[^/"]+)\/health/)
  const tracesUrl = /OTLP\/HTTP on (http:[^",]+)/.exec(text.all)?.[1] ?? null
  return {
    roles,
    pid: child.pid ?? 0,
    httpUrl,
    tracesUrl,
    output: () => text.all,
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

const START_MS = 60_000

function waitFor(
  child: ChildProcess,
  text: { all: string },
  ended: Promise<unknown>,
  pattern: RegExp,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearInterval(timer)
      child.kill('SIGKILL')
      reject(new Error(`assay serve ${why}:\n${text.all}`))
    }
    const deadlineMs = performance.now() + START_MS
    const timer = setInterval(() => {
      const found = pattern.exec(text.all)?.[1]
      if (found !== undefined) {
        clearInterval(timer)
        resolve(found)
      } else if (performance.now() > deadlineMs) fail('was not ready in time')
    }, 20)
    void ended.then((code) => fail(`ended with ${code}`))
  })
}
