/**
 * Traces that kill the process which judges them as a whole: after so many deaths their records are put aside in `dead-letters`, each as it is, and
 * they are not judged. What is said of their spans alone is said all the same.
 */
import { decodeRecord } from '../../engine/conventions/normalise.ts'
import { decodeMessages } from '../../engine/conventions/span-messages.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { deadLetter } from '../../storage/log/dead-letter.ts'
import { holdsMessages } from '../../storage/log/holds-messages.ts'
import type { InHand } from '../../storage/log/in-hand.ts'
import { subjectKey } from '../../storage/log/in-hand-subjects.ts'
import { type Log, type LogRecord, type TopicPartition, UnreadableRecords } from '../../storage/log/port.ts'
import { tenantOf } from '../../storage/log/tenant-of.ts'
import { AGENT_TRACES, DEAD_LETTERS } from '../../storage/log/topics.ts'
import type { TraceInMemory } from './traces-in-memory.ts'

export interface DeadlyTracesOptions {
  log: Log
  inHand: InHand
  groupId: string
  /** Waits outages of the log out; rejects when it is stopped meanwhile. */
  retry: <T>(attempt: () => Promise<T>) => Promise<T>
  onProblem?: ((text: string) => void) | undefined
  /** With how many letters. */
  onPutAside: (letters: number) => void
}

/** `aside`: not judged, now or later; `lost`: the partition is another's by now. */
export type Judged = readonly EvalResult[] | 'aside' | 'lost'

const READ_RECORDS = 1_000
const READ_BYTES = 8 << 20

export class DeadlyTraces {
  readonly #options: DeadlyTracesOptions

  constructor(options: DeadlyTracesOptions) {
    this.#options = options
  }

  /** While it is false, `judge` has nothing to note. */
  isCareful(partition: number): boolean {
    return this.#options.inHand.isCareful({ topic: AGENT_TRACES, partition })
  }

  async judge(trace: TraceInMemory, partition: number, judgeOne: () => readonly EvalResult[]): Promise<Judged> {
    const { inHand } = this.#options
    const of = { topic: AGENT_TRACES, partition }
    const key = subjectKey(trace.tenant, trace.traceId)
    const asideTo = inHand.wholeAsideTo(of, key)
    if (asideTo === null) {
      let results: readonly EvalResult[] = []
      const outcome = await inHand.judgeWhole(of, key, () => {
        results = judgeOne()
      })
      if (outcome === 'judged') return results
      if (outcome === 'lost') return 'lost'
    }
    const to = trace.lastOffset + 1
    if (asideTo !== null && asideTo >= to) return 'aside'
    // Of one that was taken up from its note in the log alone, the last record is known.
    const from = Math.max(Math.min(trace.firstOffset, trace.lastOffset), asideTo ?? 0)
    await this.#putAside(trace, of, from, to)
    return (await inHand.putWholeAside(of, key, to)) ? 'aside' : 'lost'
  }

  /** Its records from `from` to before `to`; a crash in between writes them again. */
  async #putAside(trace: TraceInMemory, of: TopicPartition, from: number, to: number): Promise<void> {
    const { log, groupId, retry, inHand, onProblem, onPutAside } = this.#options
    const reason = `the process of ${groupId} died again and again when it judged trace ${trace.traceId} as a whole`
    let letters = 0
    for (let next = from; next < to; ) {
      const page = await retry(() => readPage(log, of, next, to))
      const own = page.records.filter((record) => !inHand.isAside(record) && holds(record, trace))
      if (own.length > 0) {
        await retry(() =>
          log.append(
            DEAD_LETTERS,
            own.map((record) => deadLetter(record, groupId, 'fatal', reason)),
          ),
        )
      }
      letters += own.length
      next = page.next
    }
    onPutAside(letters)
    onProblem?.(
      `a trace was put aside in dead-letters, in ${letters === 1 ? 'one record' : `${letters} records`}: ${reason}`,
    )
  }
}

interface Page {
  readonly records: readonly LogRecord[]
  readonly next: number
}

async function readPage(log: Log, { topic, partition }: TopicPartition, from: number, to: number): Promise<Page> {
  try {
    const records = await log.read(topic, partition, from, Math.min(READ_RECORDS, to - from), READ_BYTES)
    const last = records.at(-1)
    return { records: records.filter(({ offset }) => offset < to), next: last === undefined ? to : last.offset + 1 }
  } catch (error) {
    if (error instanceof UnreadableRecords) return { records: [], next: error.range.to }
    throw error
  }
}

/** Spans of it, or messages that came apart from them. */
function holds(record: LogRecord, { tenant, traceId }: TraceInMemory): boolean {
  if (tenantOf(record) !== tenant) return false
  try {
    if (holdsMessages(record)) {
      const outcome = decodeMessages(tenant, record.value)
      return outcome.ok && outcome.messages.some((one) => one.traceId === traceId)
    }
    const outcome = decodeRecord(tenant, record.value, { inputs: false, attributes: false })
    return outcome.ok && outcome.spans.some((span) => span.traceId === traceId)
  } catch {
    return false
  }
}
