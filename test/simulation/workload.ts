/** What clients send in a run: traces in a few records each, some late, some sent again, some that are no traces. */
import type { RecordToAppend } from '../../storage/log/port.ts'
import {
  FIXTURE_TIME_MS,
  type FixtureSpan,
  spanIdOf,
  traceIdOf,
  traceRecord,
} from '../../workers/online/fixtures/records.ts'
import type { Random } from './random.ts'
import { spanKey } from './store-server.ts'

export const START_MS = FIXTURE_TIME_MS
/** Spans that take longer fail the span eval, traces of more spans the trace eval. */
export const MAX_DURATION_MS = 5_000
export const MAX_SPANS = 2

export interface SentSpan {
  readonly key: string
  readonly traceKey: string
  readonly name: string
  readonly durationMs: number
  readonly isRoot: boolean
}

export interface SentRecord {
  readonly atMs: number
  readonly record: RecordToAppend
  /** Empty where it is no traces at all. */
  readonly spans: readonly SentSpan[]
  /** The processes that die of it. */
  readonly kills: readonly Role[]
}

export type Role = 'evaluate' | 'store'

/** By the id of its span, for which the processes look. */
const POISON: ReadonlyMap<number, readonly Role[]> = new Map([
  [66, ['evaluate']],
  [67, ['store']],
  [68, ['evaluate', 'store']],
])
const KILLERS = new Map([...POISON].map(([id, roles]) => [spanIdOf(id), roles]))

export const isPoisonFor = (role: Role, { spanId }: { spanId: string }): boolean =>
  KILLERS.get(spanId)?.includes(role) ?? false

const TENANTS = ['default', 'other']
const ROOT = 1
const LATE = 99
const MAX_TRACES = 1_000

export class Workload {
  readonly #random: Random
  readonly #partitions: number
  readonly #endMs: number
  #traces = 0
  readonly records: SentRecord[] = []

  constructor(random: Random, partitions: number, endMs: number) {
    this.#random = random
    this.#partitions = partitions
    this.#endMs = endMs
    const traces = random.int(2, 7)
    for (let i = 0; i < traces; i++) this.#addTrace()
    if (random.chance(0.4)) this.#addGarbage()
    if (random.chance(0.15)) this.#addPoison()
    this.records.sort((a, b) => a.atMs - b.atMs)
  }

  #addTrace(): void {
    const random = this.#random
    const index = this.#traces++
    // Tenants share ids of traces.
    const trace = 1 + Math.floor(index / TENANTS.length)
    const tenant = TENANTS[index % TENANTS.length]!
    const startMs = random.int(START_MS, this.#endMs)
    const ids = Array.from({ length: random.int(1, 4) }, (_, i) => ROOT + i)
    const hasRoot = random.chance(0.9)
    const spans = random.shuffled(ids).map(
      (id): FixtureSpan => ({
        trace,
        id: hasRoot ? id : id + ROOT,
        startMs: startMs + id,
        durationMs: random.chance(0.3) ? MAX_DURATION_MS + 1_000 : 10 * id,
        ...(!(hasRoot && id === ROOT) && { parent: ROOT }),
      }),
    )
    while (spans.length > 0) {
      const some = spans.splice(0, random.int(1, spans.length))
      const isLate = spans.length === 0 && random.chance(0.25)
      const atMs = startMs + random.int(5, 300) + (isLate ? random.int(1_000, 6_000) : 0)
      const sent = this.#recordOf(tenant, some, atMs)
      this.records.push(sent)
      // A client that was told of a failure, or not told of a success.
      if (random.chance(0.15)) this.records.push({ ...sent, atMs: atMs + random.int(10, 5_000) })
    }
  }

  recordsOf(traceKey: string): SentRecord[] {
    return this.records.filter(({ spans }) => spans[0]?.traceKey === traceKey)
  }

  /** One more span of a trace that was sent. */
  lateSpanOf(sent: SentRecord, atMs: number, startMs: number): SentRecord {
    const [first] = sent.spans
    const trace = Number.parseInt(first!.traceKey.split('/')[1]!, 16)
    const span: FixtureSpan = { trace, id: LATE, parent: ROOT, startMs, durationMs: 10 }
    return this.#recordOf(sent.record.headers?.tenant ?? '', [span], atMs)
  }

  /** A trace of its own, of the same tenant in the same partition. */
  anotherOf(sent: SentRecord, atMs: number): SentRecord {
    const [first] = sent.spans
    const trace = Number.parseInt(first!.traceKey.split('/')[1]!, 16) + this.#partitions * 2 * MAX_TRACES
    return this.#recordOf(
      sent.record.headers?.tenant ?? '',
      [{ trace, id: ROOT, startMs: atMs - 1, durationMs: 10 }],
      atMs,
    )
  }

  #recordOf(tenant: string, spans: readonly FixtureSpan[], atMs: number): SentRecord {
    const [first] = spans
    const record = traceRecord(tenant, spans, first!.trace % this.#partitions)
    return {
      atMs,
      record,
      kills: POISON.get(first!.id) ?? [],
      spans: spans.map(({ trace, id, durationMs = 1, parent }) => ({
        key: spanKey({ tenant, traceId: traceIdOf(trace), spanId: spanIdOf(id) }),
        traceKey: `${tenant}/${traceIdOf(trace)}`,
        name: `span ${id}`,
        durationMs,
        isRoot: parent === undefined,
      })),
    }
  }

  /** A trace of its own. */
  #addPoison(): void {
    const random = this.#random
    const id = random.pick([...POISON.keys()])
    const trace = 1 + Math.floor(this.#traces++ / TENANTS.length) + MAX_TRACES
    const atMs = random.int(START_MS, this.#endMs)
    this.records.push(this.#recordOf('default', [{ trace, id, startMs: atMs, parent: ROOT }], atMs))
  }

  #addGarbage(): void {
    const random = this.#random
    for (let count = random.int(1, 2); count > 0; count--) {
      const partition = random.int(0, this.#partitions - 1)
      const record = {
        key: null,
        partition,
        value: Buffer.from(`garbage ${count} \xff`),
        headers: { tenant: 'default' },
      }
      this.records.push({ atMs: random.int(START_MS, this.#endMs), record, spans: [], kills: [] })
    }
  }
}
