/** Keeps a process of a role alive, as an orchestrator would, and notes how each of its lives ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { nodeFlagsOf } from '../../scripts/node-flags.mjs'
import { FAULT_POINT_VARIABLE } from '../../storage/fault-point.ts'
import { cliFile } from '../support/serve-process.ts'
import { Movement } from './movement.ts'
import type { PointKill, Role } from './schedule.ts'

/** `point`: at the one that it was armed with. `exit`: by itself, with a code. */
export type Death =
  | { readonly by: 'random' }
  | { readonly by: 'point'; readonly point: PointKill }
  | { readonly by: 'exit'; readonly code: number | null; readonly signal: string | null }

export interface SupervisedOptions {
  readonly name: string
  readonly role: Role
  readonly env: Readonly<Record<string, string>>
  /** Of health and readiness. */
  readonly httpPort: number
  readonly logsDir: string
  /** At which point the next life is to end; null for one that is not to end by itself. */
  readonly nextPoint: () => PointKill | null
  /** `armed`: what the life was to end at, and did not. */
  readonly onDeath: (process: SupervisedProcess, death: Death, armed: PointKill | null) => void
}

/** An orchestrator would wait longer each time; here every second without the process is one less of trial. */
const RESTART_MS = 200
/** An engine was away: starting again and again would take the cores that it needs to come back. */
const RESTART_AFTER_EXIT_MS = 2_000
const READY_EVERY_MS = 250
/** Settings of whoever runs the suite must not reach the roles. */
const isForeign = (name: string): boolean => /^(ASSAY_|OPENAI_|OTEL_|REDIS_URL$)/.test(name)
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isForeign(name)))

export class SupervisedProcess {
  readonly name: string
  readonly role: Role
  readonly httpUrl: string
  readonly logFile: string
  readonly #options: SupervisedOptions
  #child: ChildProcess | null = null
  #armed: PointKill | null = null
  #isKilled = false
  #isStopping = false
  #ended: Promise<void> = Promise.resolve()
  lives = 0
  /** The life at hand has been ready. */
  isUp = false

  constructor(options: SupervisedOptions) {
    this.#options = options
    this.name = options.name
    this.role = options.role
    this.httpUrl = `http://127.0.0.1:${options.httpPort}`
    this.logFile = join(options.logsDir, `${options.name}.log`)
  }

  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  /** The life at hand is to end at a point. */
  get armed(): PointKill | null {
    return this.#armed
  }

  start(): void {
    const { env, role, httpPort } = this.#options
    this.#armed = this.#options.nextPoint()
    this.#isKilled = false
    this.isUp = false
    this.lives++
    const point = this.#armed === null ? '' : `${this.#armed.point}:${this.#armed.count}`
    appendFileSync(this.logFile, `--- life ${this.lives}${point === '' ? '' : `, to end at ${point}`}\n`)
    const log = openSync(this.logFile, 'a')
    const child = spawn(process.execPath, [...nodeFlagsOf([role]), cliFile, 'serve', role], {
      env: { ...environment, ...env, ASSAY_HTTP_PORT: String(httpPort), [FAULT_POINT_VARIABLE]: point },
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    this.#child = child
    void this.#watch(child)
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#child = null
        this.isUp = false
        resolve()
        if (!this.#isStopping) this.#onEnd(code, signal)
      })
    })
  }

  #onEnd(code: number | null, signal: NodeJS.Signals | null): void {
    const armed = this.#armed
    this.#armed = null
    if (this.#isKilled) this.#options.onDeath(this, { by: 'random' }, armed)
    else if (signal === 'SIGKILL' && armed !== null) this.#options.onDeath(this, { by: 'point', point: armed }, null)
    else this.#options.onDeath(this, { by: 'exit', code, signal }, armed)
    const restartMs = this.#isKilled || signal === 'SIGKILL' ? RESTART_MS : RESTART_AFTER_EXIT_MS
    setTimeout(() => {
      if (!this.#isStopping) this.start()
    }, restartMs)
  }

  async #watch(child: ChildProcess): Promise<void> {
    while (this.#child === child && !this.isUp) {
      await sleep(READY_EVERY_MS)
      const isReady = await this.isReady()
      if (this.#child === child) this.isUp = isReady
    }
  }

  /** SIGKILL; false when it is not alive just now. */
  kill(): boolean {
    if (this.#child === null) return false
    this.#isKilled = true
    this.#child.kill('SIGKILL')
    return true
  }

  async isReady(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.httpUrl}/ready`, { signal: AbortSignal.timeout(5_000) })
      await answer.arrayBuffer()
      return answer.status === 200
    } catch {
      return false
    }
  }

  /** For good, at once. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#child?.kill('SIGKILL')
    await this.#ended
  }

  /** As a deployment ends it: SIGTERM, and the exit code. */
  async terminate(): Promise<number | null> {
    this.#isStopping = true
    const child = this.#child
    if (child === null) return null
    const code = new Promise<number | null>((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    return code
  }
}

/** However long it takes, as long as one after the other is. */
export async function untilReady(processes: readonly SupervisedProcess[], stallMs: number): Promise<void> {
  const movement = new Movement(stallMs)
  for (;;) {
    const waiting = processes.filter(({ isUp }) => !isUp).map(({ name }) => name)
    if (waiting.length === 0) return
    if (!movement.moves(waiting.join(', '))) {
      throw new Error(`not ready, and nothing moved for ${stallMs / 1_000} s: ${waiting.join(', ')}`)
    }
    await sleep(100)
  }
}
