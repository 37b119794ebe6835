/** How a trace passes through the log: a record says in which span it was appended, or that it came of Assay's own traces. */
import type { LogRecord, RecordToAppend } from '../log/port.ts'
import { isOwnRecord, OWN_HEADER } from './own-traces.ts'
import { formatTraceparent, parseTraceparent, type SpanPlace } from './traceparent.ts'
import { isQuiet, isTracing, presentSpan } from './tracer.ts'

/** Of a span; a batch may be made of thousands of requests. */
const MAX_LINKS = 32

/** The same records where nothing is traced. */
export function withTraceHeaders(records: readonly RecordToAppend[]): readonly RecordToAppend[] {
  if (!isTracing()) return records
  const place = presentSpan()?.place ?? null
  const header = isQuiet() ? { [OWN_HEADER]: '1' } : place === null ? null : { traceparent: formatTraceparent(place) }
  if (header === null) return records
  return records.map((record) => ({ ...record, headers: { ...record.headers, ...header } }))
}

/** What the records of a batch came of. */
export class BatchOrigin {
  #isOwn = true
  readonly #links = new Map<string, SpanPlace>()
  records = 0

  static of(records: readonly LogRecord[]): BatchOrigin {
    const origin = new BatchOrigin()
    for (const record of records) origin.note(record)
    return origin
  }

  note(record: LogRecord): void {
    if (!isTracing()) return
    this.records++
    this.#isOwn &&= isOwnRecord(record)
    const { traceparent } = record.headers
    if (traceparent === undefined || this.#links.has(traceparent) || this.#links.size >= MAX_LINKS) return
    const place = parseTraceparent(traceparent)
    if (place !== null) this.#links.set(traceparent, place)
  }

  /** Made of Assay's own traces alone, or of nothing. */
  get isOwn(): boolean {
    return this.#isOwn
  }

  get links(): SpanPlace[] {
    return [...this.#links.values()]
  }
}
