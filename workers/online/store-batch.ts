/** What the store loop has read and not yet written: rows of both tables, with the records they came from. */

import { parseResults } from '../../engine/codec/results.ts'
import { decodeRecord } from '../../engine/conventions/normalise.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { Span } from '../../engine/model/span.ts'
import type { Redactor } from '../../engine/redact/redact.ts'
import type { LogRecord, RecordToAppend } from '../../storage/log/port.ts'
import { deadLetter } from './dead-letter.ts'
import { Offsets } from './offsets.ts'
import { AGENT_TRACES } from './topics.ts'

/** A record and what it holds. The record is kept in case its rows turn out unstorable. */
export type DecodedRecord =
  | { kind: 'spans'; record: LogRecord; rows: readonly Span[] }
  | { kind: 'results'; record: LogRecord; rows: readonly EvalResult[] }

export class StoreBatch {
  readonly spans: Extract<DecodedRecord, { kind: 'spans' }>[] = []
  readonly results: Extract<DecodedRecord, { kind: 'results' }>[] = []
  readonly deadLetters: RecordToAppend[] = []
  readonly offsets = new Offsets()
  rowCount = 0
  sizeBytes = 0
  /** Milliseconds since the epoch. */
  newestAppendTimeMs = 0

  /** Reads a record and redacts its spans; one that can't be read joins the dead letters. */
  add(record: LogRecord, redactor: Redactor): void {
    this.offsets.note(record)
    this.sizeBytes += record.value.byteLength
    this.newestAppendTimeMs = Math.max(this.newestAppendTimeMs, record.appendTimeMs)
    try {
      const decoded = decode(record)
      if (typeof decoded === 'string') {
        this.deadLetters.push(deadLetter(record, 'undecodable', decoded))
        return
      }
      if (decoded.kind === 'spans') {
        for (const span of decoded.rows) redactor.apply(span)
        this.spans.push(decoded)
      } else {
        this.results.push(decoded)
      }
      this.rowCount += decoded.rows.length
    } catch (error) {
      // A bug in reading or redacting must stop neither the partition nor let the text through unmasked.
      this.deadLetters.push(deadLetter(record, 'failed', error instanceof Error ? error.message : String(error)))
    }
  }
}

/** A text is the reason why not. */
function decode(record: LogRecord): DecodedRecord | string {
  if (record.topic === AGENT_TRACES) {
    const outcome = decodeRecord(record.headers.tenant ?? 'default', record.value)
    return outcome.ok ? { kind: 'spans', record, rows: outcome.spans } : outcome.message
  }
  const outcome = parseResults(record.value)
  return outcome.ok ? { kind: 'results', record, rows: outcome.results } : outcome.error
}
