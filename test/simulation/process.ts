/**
 * A process: what it does to the world it does by requests, and it lives until it is killed. What runs in it stands still from then on,
 * since nothing that it waits for ever comes.
 */
import type { Runtime } from '../../workers/online/runtime.ts'
import type { SimulatedClock } from './clock.ts'
import type { Faults, Service } from './faults.ts'

export interface Surroundings {
  readonly clock: SimulatedClock
  readonly faults: Faults
  /** A line for who replays a seed. */
  readonly note: (line: () => string) => void
}

export interface Request<T> {
  readonly what: string
  readonly service: Service
  /** On the server. */
  readonly apply: () => T
  /** What a client that resends, or a server that breaks down half-way, makes of it; without them such faults are others. */
  readonly applyPartly?: () => void
  readonly isRepeatable?: boolean
}

export class SimulatedProcess {
  readonly name: string
  readonly #surroundings: Surroundings
  readonly #onCrash: ((process: SimulatedProcess) => void) | null
  readonly #skewMs: number
  #isAlive = true
  #frozenUntilMs = Number.NEGATIVE_INFINITY
  #ids = 0

  /** Only those with `onCrash` are killed by faults. */
  constructor(
    name: string,
    surroundings: Surroundings,
    options: { skewMs: number; onCrash: ((process: SimulatedProcess) => void) | null },
  ) {
    this.name = name
    this.#surroundings = surroundings
    this.#skewMs = options.skewMs
    this.#onCrash = options.onCrash
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** By its own clock. */
  readonly nowMs = (): number => this.#surroundings.clock.nowMs + this.#skewMs

  readonly runtime: Runtime = {
    sleep: (ms, signal) => this.sleep(ms, signal),
    newId: () => this.newId(),
    // Used up as soon as it likes.
    alone: (run) => run(),
    createTimeSlice: () => () => (this.#surroundings.faults.isSliceOver() ? this.sleep(1) : undefined),
  }

  newId(): string {
    return `${this.name}-${++this.#ids}`
  }

  kill(): void {
    if (!this.#isAlive) return
    this.#surroundings.note(() => `${this.name} is killed`)
    this.#isAlive = false
    this.#onCrash?.(this)
  }

  /** As of a machine that swaps: nothing runs in it, and it doesn't know. */
  freeze(ms: number): void {
    this.#surroundings.note(() => `${this.name} stands still for ${ms} ms`)
    this.#frozenUntilMs = this.#surroundings.clock.nowMs + ms
  }

  after(delayMs: number, run: () => void): () => void {
    return this.#surroundings.clock.after(delayMs, () => this.#run(run))
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.after(ms, done)
      signal?.addEventListener('abort', done, { once: true })
    })
  }

  request<T>(request: Request<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    if (!this.#isAlive) return promise
    const { clock, faults, note } = this.#surroundings
    const fate = faults.fateOf(clock.nowMs, request.service, this.#onCrash !== null)
    if (fate !== 'ok') note(() => `${this.name}: ${request.what}: ${fate}`)
    const fail = (message: string) => this.after(faults.latencyMs(clock.nowMs), () => reject(new Error(message)))
    if (fate === 'crash_before' || fate === 'crash_in_flight') this.kill()
    if (fate === 'crash_before') return promise
    clock.after(faults.latencyMs(clock.nowMs), () => {
      if (fate === 'refused') return fail(`${request.service} refuses`)
      if (fate === 'partly' && request.applyPartly !== undefined) {
        request.applyPartly()
        return fail(`${request.service} broke down half-way`)
      }
      let value: T
      try {
        value = request.apply()
        if (fate === 'twice' && request.isRepeatable) request.apply()
      } catch (error) {
        return this.after(faults.latencyMs(clock.nowMs), () => reject(error))
      }
      note(() => `${this.name}: ${request.what}`)
      if (fate === 'crash_after') return this.kill()
      if (fate === 'reply_lost' || fate === 'partly') return fail(`no reply from the ${request.service}`)
      return this.after(faults.latencyMs(clock.nowMs), () => resolve(value))
    })
    return promise
  }

  #run(run: () => void): void {
    if (!this.#isAlive) return
    const { clock } = this.#surroundings
    if (clock.nowMs < this.#frozenUntilMs) clock.after(this.#frozenUntilMs - clock.nowMs, () => this.#run(run))
    else run()
  }
}
