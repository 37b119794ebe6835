/** The replays in the log, followed by whoever shows or runs them. */
import type { Log } from '../log/port.ts'
import { REPLAYS } from '../log/topics.ts'
import {
  partOf,
  type ReplayPart,
  type ReplayProgress,
  type ReplayRequest,
  type ReplayRun,
  type ReplayWish,
  recordOfPart,
} from './replay.ts'

const READ_RECORDS = 500
const READ_BYTES = 4 << 20
const PARTITION = 0

export class ReplayBook {
  readonly #log: Log
  /** Of all tenants, by tenant and run. */
  readonly #runs = new Map<string, ReplayRun>()
  #nextOffset = 0
  #reading: Promise<void> = Promise.resolve()

  constructor(log: Log) {
    this.#log = log
  }

  /** Reads everything that has come since. Rejects with `LogError`. */
  refresh(): Promise<void> {
    this.#reading = this.#reading.catch(() => {}).then(() => this.#read())
    return this.#reading
  }

  /** In the order in which they were asked for. */
  runs(): ReplayRun[] {
    return [...this.#runs.values()].toSorted((a, b) => a.request.askedAtMs - b.request.askedAtMs)
  }

  get(tenant: string, runId: string): ReplayRun | null {
    return this.#runs.get(keyOf(tenant, runId)) ?? null
  }

  async create(request: ReplayRun['request'], packedPlan: string): Promise<ReplayRun> {
    await this.#append(request, [
      { kind: 'request', request, packedPlan },
      { kind: 'wish', wish: { want: 'run', attempt: 1 } },
    ])
    return this.get(request.tenant, request.runId)!
  }

  async wish({ request }: ReplayRun, wish: ReplayWish): Promise<void> {
    await this.#append(request, [{ kind: 'wish', wish }])
  }

  async report({ request }: ReplayRun, progress: ReplayProgress): Promise<void> {
    await this.#append(request, [{ kind: 'progress', progress }])
  }

  async #append({ tenant, runId }: ReplayRequest, parts: readonly ReplayPart[]): Promise<void> {
    await this.#log.append(
      REPLAYS,
      parts.map((part) => recordOfPart(tenant, runId, part)),
    )
    for (const part of parts) this.#take(keyOf(tenant, runId), part)
  }

  async #read(): Promise<void> {
    for (;;) {
      const records = await this.#log.read(REPLAYS, PARTITION, this.#nextOffset, READ_RECORDS, READ_BYTES)
      for (const record of records) {
        const known = partOf(record)
        if (known !== null) this.#take(keyOf(known.tenant, known.runId), known.part)
      }
      const last = records.at(-1)
      if (last === undefined) return
      this.#nextOffset = last.offset + 1
    }
  }

  #take(key: string, part: ReplayPart): void {
    const run = this.#runs.get(key)
    switch (part.kind) {
      case 'request': {
        const { request, packedPlan } = part
        const { wish = { want: 'run', attempt: 1 } as const, progress = null } = run ?? {}
        this.#runs.set(key, { request, packedPlan, wish, progress })
        return
      }
      // Compaction keeps the request, which stands before these: without one the run is another version's.
      case 'wish':
        if (run !== undefined) this.#runs.set(key, { ...run, wish: part.wish })
        return
      case 'progress':
        if (run !== undefined) this.#runs.set(key, { ...run, progress: part.progress })
    }
  }
}

const keyOf = (tenant: string, runId: string): string => `${tenant}\0${runId}`
