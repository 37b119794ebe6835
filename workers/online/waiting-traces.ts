/** The traces that are to be judged again when the store has the rest of them, and what is to be noted of them in the log. */
import type { Evaluator } from '../../engine/evaluate/evaluator.ts'
import type { UnsettledTrace } from '../../storage/unsettled-notes.ts'
import type { TraceAssembly } from './assembly.ts'
import { newTrace, type TraceInMemory, withoutSpans } from './traces-in-memory.ts'
import type { UnsettledChange } from './unsettled-traces.ts'

export interface Waiting {
  readonly trace: TraceInMemory
  readonly partition: number
  /** Where its spans are kept; null when they are not in memory. */
  readonly assembly: TraceAssembly | null
  /** The latest revision in which something was told of it, 0 when nothing was. */
  readonly told: number
  /** It was judged as if it were whole: it is judged again only where the store has more of it. */
  readonly isDoubted: boolean
}

/** Of each a name and some numbers; beyond these, the oldest wait in the log alone, for whoever has the partition next. */
const MAX_WAITING = 50_000
/** Not so many that they would keep those out of which it is known that they lack spans. */
const MAX_DOUBTED = 10_000

const keyOf = ({ tenant, traceId }: Pick<TraceInMemory, 'tenant' | 'traceId'>): string => tenant + traceId

export class WaitingTraces {
  /** In order of settling. */
  readonly #waiting = new Map<string, Waiting>()
  #doubted = 0
  /** Their notes stand in the log. */
  readonly #noted = new Set<string>()
  readonly #news = new Map<string, UnsettledChange>()
  /** Revisions of verdicts that were told of traces which no assembly remembers. */
  readonly #told = new Map<string, number>()

  get size(): number {
    return this.#waiting.size
  }

  /** Of these, pieces of which nothing was told, and those that were told to be cut. */
  get pieces(): number {
    return this.#count(({ trace, isDoubted }) => !isDoubted && !trace.hasRoot)
  }

  get cut(): number {
    return this.#count(({ trace, isDoubted }) => !isDoubted && trace.hasRoot)
  }

  #count(isCounted: (one: Waiting) => boolean): number {
    let count = 0
    for (const one of this.#waiting.values()) if (isCounted(one)) count++
    return count
  }

  add(one: Waiting): void {
    const key = keyOf(one.trace)
    this.#remove(key)
    if (one.isDoubted && this.#doubted >= MAX_DOUBTED) {
      this.settle(one.trace, one.partition)
      return
    }
    this.#put(key, one)
    const { tenant, traceId, lastOffset, lastAtMs } = one.trace
    const waiting = { tenant, traceId, storedTo: lastOffset + 1, told: one.told, lastAtMs }
    this.#news.set(key, { partition: one.partition, waiting })
  }

  /** One of which the note stands in the log. */
  resume(partition: number, unsettled: UnsettledTrace, evaluator: Evaluator): void {
    const { storedTo, told, lastAtMs } = unsettled
    const trace = newTrace({
      of: unsettled,
      evaluator,
      revision: told + 1,
      firstOffset: storedTo,
      lastOffset: storedTo - 1,
      atMs: lastAtMs,
      isPiece: true,
      beganBefore: true,
    })
    const key = keyOf(trace)
    this.#put(key, { trace, partition, assembly: null, told, isDoubted: false })
    this.#noted.add(key)
  }

  /** A trace that settles: if there is more of it than it knows, or if it was judged before, it says so from now on. */
  rejoin(trace: TraceInMemory): void {
    const key = keyOf(trace)
    const before = this.#waiting.get(key)
    const told = this.#told.get(key)
    if (before !== undefined && before.trace !== trace) trace.isPiece = true
    // From now on its assembly remembers.
    if (this.#told.delete(key)) trace.isPiece = true
    trace.revision = Math.max(trace.revision, (before?.told ?? 0) + 1, (told ?? 0) + 1)
  }

  /** It waits no longer. */
  settle({ tenant, traceId }: TraceInMemory, partition: number): void {
    const key = tenant + traceId
    this.#remove(key)
    this.#news.delete(key)
    if (this.#noted.has(key)) this.#news.set(key, { partition, settled: { tenant, traceId } })
  }

  tell(trace: TraceInMemory): void {
    this.#told.set(keyOf(trace), trace.revision)
    const [oldest] = this.#told.keys()
    if (this.#told.size > MAX_WAITING && oldest !== undefined) this.#told.delete(oldest)
  }

  /** Those that are not open again; of those whose spans were forgotten for want of room all has to be read back. */
  notOpen(assemblyOf: (partition: number) => TraceAssembly | null | undefined): Waiting[] {
    const found: Waiting[] = []
    for (const [key, one] of this.#waiting) {
      if (assemblyOf(one.partition)?.isOpen(one.trace)) continue
      if (one.assembly === null || one.assembly.keepsSettled(one.trace)) found.push(one)
      else {
        const forgotten = { ...one, trace: withoutSpans(one.trace), assembly: null }
        this.#waiting.set(key, forgotten)
        found.push(forgotten)
      }
    }
    return found
  }

  /** What is to be noted in the log before the traces' records are committed. It counts as noted from now on. */
  takeNews(): UnsettledChange[] {
    const news = [...this.#news.values()]
    for (const [key, change] of this.#news) {
      if ('waiting' in change) this.#noted.add(key)
      else this.#noted.delete(key)
    }
    this.#news.clear()
    return news
  }

  #put(key: string, one: Waiting): void {
    this.#waiting.set(key, one)
    if (one.isDoubted) this.#doubted++
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size <= MAX_WAITING) return
      this.#remove(oldest)
    }
  }

  #remove(key: string): void {
    if (this.#waiting.get(key)?.isDoubted) this.#doubted--
    this.#waiting.delete(key)
  }
}
