/** Starts the real `assay up` as a process of its own, for tests across processes and for benchmarks. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { nodeFlags } from '../../scripts/node-flags.mjs'

const root = join(import.meta.dirname, '..', '..')

export interface AssayProcess {
  readonly pid: number
  /** Base address of the API, without a slash at the end. */
  readonly apiUrl: string
  /** Where OTLP/HTTP traces are posted. */
  readonly tracesUrl: string
  readonly readyMs: number
  output(): string
  /** SIGTERM, then the exit code; it drains first. */
  stop(): Promise<number | null>
  /** SIGKILL, then the end of the process. */
  kill(): Promise<void>
}

export interface AssayProcessOptions {
  dataDir: string
  evals?: readonly string[]
  env?: Readonly<Record<string, string>>
  /** How long it may take to be ready. */
  timeoutMs?: number
}

/** Variables that would let a developer's own settings leak into a test. */
const isForeign = (name: string): boolean =>
  name.startsWith('ASSAY_') || name.startsWith('OPENAI_') || name === 'REDIS_URL' || name.startsWith('OTEL_')

/** Resolves when the process has said that it is ready; rejects with its output when it ends before. */
export function startAssay(options: AssayProcessOptions): Promise<AssayProcess> {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isForeign(name)))
  const args = ['--data', options.dataDir, '--otlp-http-port', '0', '--http-port', '0']
  for (const path of options.evals ?? []) args.push('--evals', path)
  const startedMs = performance.now()
  const child = spawn(process.execPath, [...nodeFlags, join(root, 'cli', 'main.ts'), 'up', ...args], {
    env: { ...own, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return whenReady(child, startedMs, options.timeoutMs ?? 20_000)
}

function whenReady(child: ChildProcess, startedMs: number, timeoutMs: number): Promise<AssayProcess> {
  let output = ''
  const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)))
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new Error(`assay up ${why}:\n${output}`))
    }
    const timer = setTimeout(() => fail(`was not ready within ${timeoutMs} ms`), timeoutMs)
    const onExit = (code: number | null): void => fail(`ended with ${code}`)
    child.on('exit', onExit)
    const onText = (chunk: Buffer): void => {
      output += chunk.toString()
      const traces = /OTLP\/HTTP\s+(\S+)/.exec(output)?.[1]
      const api = /API\s+(\S+)/.exec(output)?.[1]
      if (traces === undefined || api === undefined || !/^Ready/m.test(output)) return
      clearTimeout(timer)
      child.off('exit', onExit)
      resolve({
        pid: child.pid ?? 0,
        apiUrl: api.replace(/\/$/, ''),
        tracesUrl: traces,
        readyMs: performance.now() - startedMs,
        output: () => output,
        stop: () => {
          child.kill('SIGTERM')
          return ended
        },
        kill: async () => {
          child.kill('SIGKILL')
          await ended
        },
      })
    }
    child.stdout?.on('data', onText)
    child.stderr?.on('data', onText)
  })
}
