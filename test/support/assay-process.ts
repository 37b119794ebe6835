/** Starts the real `assay up` as a process of its own, for tests across processes and for benchmarks. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { nodeFlagsFor } from '../../scripts/node-flags.mjs'

const root = join(import.meta.dirname, '..', '..')

export interface AssayProcess {
  readonly pid: number
  /** Base address of the API, without a slash at the end. */
  readonly apiUrl: string
  /** Where OTLP/HTTP traces are posted. */
  readonly tracesUrl: string
  readonly readyMs: number
  /** Of both streams, as it came. */
  output(): string
  stdout(): string
  stderr(): string
  /** The exit code, null after a signal that was not caught. */
  readonly exited: Promise<number | null>
  signal(name: NodeJS.Signals): void
  /** SIGTERM, then the exit code; it drains first. */
  stop(): Promise<number | null>
  /** SIGKILL, then the end of the process. */
  kill(): Promise<void>
}

export interface AssayProcessOptions {
  /** Absent where `args` or `env` say it. */
  dataDir?: string
  evals?: readonly string[]
  env?: Readonly<Record<string, string>>
  /** More flags of `assay up`; the ports are free ones unless these or the environment set them. */
  args?: readonly string[]
  cwd?: string
  /** What to run with its first arguments: the command line of this repository unless given. */
  program?: readonly [string, ...string[]]
  /** How long it may take to be ready. */
  timeoutMs?: number
}

/** Variables that would let a developer's own settings leak into a test. */
const isForeign = (name: string): boolean =>
  name.startsWith('ASSAY_') || name.startsWith('OPENAI_') || name === 'REDIS_URL' || name.startsWith('OTEL_')

interface Spawned {
  child: ChildProcess
  stdout(): string
  stderr(): string
  output(): string
  onText(listener: () => void): void
  /** When both streams have ended as well. */
  ended: Promise<number | null>
}

function spawnAssay(args: readonly string[], options: Pick<AssayProcessOptions, 'env' | 'cwd' | 'program'>): Spawned {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isForeign(name)))
  const [file, ...first] = options.program ?? [process.execPath, ...nodeFlagsFor(args), join(root, 'cli', 'main.ts')]
  const child = spawn(file, [...first, ...args], {
    // Tests send spans of fixed dates, which no later year may take away.
    env: { ...own, ASSAY_TRACES_RETENTION: 'forever', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  })
  const text = { stdout: '', stderr: '', both: '' }
  const listeners: (() => void)[] = []
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk
      text.both += chunk
      for (const listener of listeners) listener()
    })
  }
  return {
    child,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    output: () => text.both,
    onText: (listener) => listeners.push(listener),
    ended: new Promise((resolve) => child.on('close', (code) => resolve(code))),
  }
}

/** Resolves when the process has said that it is ready; rejects with its output when it ends before. */
export function startAssay(options: AssayProcessOptions): Promise<AssayProcess> {
  const args = ['up']
  if (options.dataDir !== undefined) args.push('--data', options.dataDir)
  for (const [flag, variable] of [
    ['--otlp-http-port', 'ASSAY_OTLP_HTTP_PORT'],
    ['--otlp-grpc-port', 'ASSAY_OTLP_GRPC_PORT'],
    ['--http-port', 'ASSAY_HTTP_PORT'],
  ] as const)
    if (!options.args?.includes(flag) && options.env?.[variable] === undefined) args.push(flag, '0')
  for (const path of options.evals ?? []) args.push('--evals', path)
  const startedMs = performance.now()
  return whenReady(spawnAssay([...args, ...(options.args ?? [])], options), startedMs, options.timeoutMs ?? 60_000)
}

/** Runs any command of `assay` that ends by itself. */
export async function runAssay(
  args: readonly string[],
  options: Pick<AssayProcessOptions, 'env' | 'cwd' | 'program' | 'timeoutMs'> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const spawned = spawnAssay(args, options)
  const timer = setTimeout(() => spawned.child.kill('SIGKILL'), options.timeoutMs ?? 60_000)
  const code = await spawned.ended
  clearTimeout(timer)
  return { code, stdout: spawned.stdout(), stderr: spawned.stderr() }
}

function whenReady(spawned: Spawned, startedMs: number, timeoutMs: number): Promise<AssayProcess> {
  const { child, output, stdout, stderr, ended } = spawned
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new Error(`assay up ${why}:\n${output()}`))
    }
    const timer = setTimeout(() => fail(`was not ready within ${timeoutMs} ms`), timeoutMs)
    let isReady = false
    void ended.then((code) => isReady || fail(`ended with ${code}`))
    spawned.onText(() => {
      if (isReady) return
      const traces = /OTLP\/HTTP\s+(\S+)/.exec(output())?.[1]
      const api = /API\s+(\S+)/.exec(output())?.[1]
      if (traces === undefined || api === undefined || !/^Ready/m.test(output())) return
      clearTimeout(timer)
      isReady = true
      resolve({
        pid: child.pid ?? 0,
        apiUrl: api.replace(/\/$/, ''),
        tracesUrl: traces,
        readyMs: performance.now() - startedMs,
        output,
        stdout,
        stderr,
        exited: ended,
        signal: (name) => void child.kill(name),
        stop: () => {
          child.kill('SIGTERM')
          return ended
        },
        kill: async () => {
          child.kill('SIGKILL')
          await ended
        },
      })
    })
  })
}
