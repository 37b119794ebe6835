/** What the store loop has read and not yet written: rows of both tables in blocks, and where the log was read to. */

import { parseResults } from '../../engine/codec/results.ts'
import { decodeRecord } from '../../engine/conventions/normalise.ts'
import { decodeMessages } from '../../engine/conventions/span-messages.ts'
import { messageOf } from '../../engine/message-of.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { Redactor } from '../../engine/redact/redact.ts'
import { type Erased, NOTHING_ERASED } from '../../storage/erasure/tombstones.ts'
import { type DeadLetterCode, deadLetter } from '../../storage/log/dead-letter.ts'
import { holdsMessages } from '../../storage/log/holds-messages.ts'
import type { LogRecord, RecordToAppend } from '../../storage/log/port.ts'
import { tenantOf } from '../../storage/log/tenant-of.ts'
import { AGENT_TRACES } from '../../storage/log/topics.ts'
import type { TracesTable } from '../../storage/traces/encode.ts'
import { BatchOrigin } from '../../storage/tracing/record-headers.ts'
import type { BlockMemory, LentMemory } from './block-memory.ts'
import { Offsets } from './offsets.ts'
import { RowBlocks } from './row-blocks.ts'
import type { Runtime } from './runtime.ts'

export class StoreBatch {
  readonly #groupId: string
  readonly #createTimeSlice: Runtime['createTimeSlice']
  readonly #erased: Erased
  readonly deadLetters: RecordToAppend[] = []
  readonly #memory: LentMemory
  readonly spans: RowBlocks<'spans'>
  readonly messages: RowBlocks<'messages'>
  readonly results: RowBlocks<'results'>
  readonly offsets = new Offsets()
  readonly origin = new BatchOrigin()
  rowCount = 0
  /** Of the records. */
  sizeBytes = 0
  /** Milliseconds since the epoch. */
  newestAppendTimeMs = 0

  constructor(
    groupId: string,
    memory: BlockMemory,
    { createTimeSlice }: Pick<Runtime, 'createTimeSlice'>,
    erased: Erased = NOTHING_ERASED,
  ) {
    this.#groupId = groupId
    this.#memory = memory.lend()
    this.#erased = erased
    this.#createTimeSlice = createTimeSlice
    const blocksOf = <T extends TracesTable>(table: T): RowBlocks<T> =>
      new RowBlocks(table, this.#memory.allocate, (record, reason) => this.#refuse(record, 'unstorable', reason))
    this.spans = blocksOf('spans')
    this.messages = blocksOf('messages')
    this.results = blocksOf('results')
  }

  /** Reads a record and redacts its spans before they go any further; one that can't be read joins the dead letters. */
  async add(record: LogRecord, redactorOf: (tenant: string) => Redactor, nowMs: number): Promise<void> {
    this.offsets.note(record)
    this.origin.note(record)
    this.sizeBytes += record.value.byteLength
    this.newestAppendTimeMs = Math.max(this.newestAppendTimeMs, record.appendTimeMs)
    try {
      if (record.topic === AGENT_TRACES && holdsMessages(record)) this.#addMessages(record, redactorOf, nowMs)
      else if (record.topic === AGENT_TRACES) await this.#addSpans(record, redactorOf, nowMs)
      else this.#addResults(record, nowMs)
    } catch (error) {
      // A bug in reading or redacting must neither stop the partition nor let the text through unmasked.
      this.#refuse(record, 'failed', messageOf(error))
    }
  }

  /** Before it is written. */
  seal(nowMs: number): void {
    this.spans.seal(nowMs)
    this.messages.seal(nowMs)
    this.results.seal(nowMs)
  }

  /** It is written, and its blocks are read by nobody any more. */
  release(): void {
    this.#memory.giveBack()
  }

  async #addSpans(record: LogRecord, redactorOf: (tenant: string) => Redactor, nowMs: number): Promise<void> {
    const tenant = tenantOf(record)
    const redactor = redactorOf(tenant)
    const outcome = decodeRecord(tenant, record.value)
    if (!outcome.ok) {
      this.#refuse(record, 'undecodable', outcome.message)
      return
    }
    const giveWay = this.#createTimeSlice()
    const spans = outcome.spans.filter((span) => !this.#erased.covers(span, record.appendTimeMs))
    for (const span of spans) {
      redactor.apply(span)
      const slice = giveWay()
      if (slice !== undefined) await slice
    }
    this.rowCount += spans.length
    this.spans.add(record, spans, nowMs)
  }

  /** Messages that came apart from their spans are masked as those of a span. */
  #addMessages(record: LogRecord, redactorOf: (tenant: string) => Redactor, nowMs: number): void {
    const tenant = tenantOf(record)
    const outcome = decodeMessages(tenant, record.value)
    if (!outcome.ok) {
      this.#refuse(record, 'undecodable', outcome.message)
      return
    }
    const redactor = redactorOf(tenant)
    const kept = outcome.messages.filter(({ traceId }) => !this.#erased.coversTrace(tenant, traceId))
    const masked = kept.map((one) => {
      const { inputMessages, outputMessages } = one
      const span = makeSpan({ tenant, inputMessages, outputMessages })
      redactor.apply(span)
      return { ...one, inputMessages: span.inputMessages, outputMessages: span.outputMessages }
    })
    this.rowCount += masked.length
    this.messages.add(record, masked, nowMs)
  }

  #addResults(record: LogRecord, nowMs: number): void {
    const outcome = parseResults(record.value)
    if (!outcome.ok) {
      this.#refuse(record, 'undecodable', outcome.error)
      return
    }
    const results = outcome.results.filter(({ tenant, traceId }) => !this.#erased.coversTrace(tenant, traceId))
    this.rowCount += results.length
    this.results.add(record, results, nowMs)
  }

  #refuse(record: LogRecord, code: DeadLetterCode, reason: string): void {
    this.deadLetters.push(deadLetter(record, this.#groupId, code, reason))
  }
}
