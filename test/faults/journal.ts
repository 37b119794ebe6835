/** What is written beside the processes' logs: who was killed when, and, of what broke a promise, where it is in the log and in the store. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeResults } from '../../engine/codec/results.ts'
import { messageOf } from '../../engine/message-of.ts'
import type { Log, LogRecord } from '../../storage/log/port.ts'
import { AGENT_TRACES, EVAL_RESULTS } from '../../storage/log/topics.ts'
import { ask } from './check-tables.ts'
import { lags } from './drained.ts'
import type { FaultSystem } from './system.ts'

const MOST_TRACES = 20
const RECORDS_AT_ONCE = 500
/** Of rows, what tells one from another. */
const COLUMNS = { spans: 'start_time, agent_name', results: 'eval_id, run_id, revision, verdict' } as const

export class Journal {
  readonly #logsDir: string

  constructor(logsDir: string) {
    this.#logsDir = logsDir
  }

  note(what: string): void {
    appendFileSync(join(this.#logsDir, 'journal.log'), `${new Date().toISOString()} ${what}\n`)
  }

  /** How far every group is. */
  async noteLog(log: Log): Promise<void> {
    try {
      const found = [...(await lags(log))].map(([reader, lag]) => `${reader} ${lag}`)
      this.note(`records that are not read: ${found.join(', ') || 'none'}`)
    } catch (error) {
      this.note(`the log does not say how far it is read: ${messageOf(error)}`)
    }
  }

  /** In `traces.log`: their records, their results, and their rows of both tables. */
  async noteTraces({ log, clickHouse }: FaultSystem, traceIds: readonly string[]): Promise<void> {
    const wanted = traceIds.slice(0, MOST_TRACES)
    const lines: string[] = []
    try {
      const ids = wanted.map((traceId) => ({ traceId, bytes: Buffer.from(traceId, 'hex') }))
      const partitions = new Set(wanted.map((traceId) => log.partitionFor(AGENT_TRACES, traceId)))
      for await (const { partition, offset, appendTimeMs, value, headers } of recordsOf(
        log,
        AGENT_TRACES,
        partitions,
      )) {
        const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
        for (const { traceId, bytes: id } of ids) {
          if (!bytes.includes(id)) continue
          const at = new Date(appendTimeMs).toISOString()
          lines.push(
            `${traceId} log ${AGENT_TRACES}/${partition}/${offset} at ${at}, ${headers.spans} spans in the record`,
          )
        }
      }
      const isWanted = new Set(wanted)
      for await (const { partition, offset, appendTimeMs, value } of recordsOf(log, EVAL_RESULTS, null)) {
        for (const { traceId, spanId, evalId, verdict, revision, reason } of decodeResults(value)) {
          if (!isWanted.has(traceId)) continue
          const at = new Date(appendTimeMs).toISOString()
          const said = `${evalId} ${spanId || 'trace'} r${revision} ${verdict} ${JSON.stringify(reason ?? null)}`
          lines.push(`${traceId} result ${EVAL_RESULTS}/${partition}/${offset} at ${at}, ${said}`)
        }
      }
      const list = wanted.map((traceId) => `unhex('${traceId}')`).join(', ')
      for (const [table, columns] of Object.entries(COLUMNS)) {
        const query = `SELECT lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span, ${columns}, _part FROM assay.${table} WHERE trace_id IN (${list}) ORDER BY trace FORMAT JSONEachRow`
        for (const row of (await ask(clickHouse.url, query)).split('\n')) lines.push(`row of ${table} ${row}`)
      }
    } catch (error) {
      lines.push(`looking further failed: ${messageOf(error)}`)
    }
    appendFileSync(join(this.#logsDir, 'traces.log'), `${lines.join('\n')}\n`)
    this.note(`traces.log has what is known of ${wanted.join(', ')}`)
  }
}

async function* recordsOf(log: Log, topic: string, partitions: ReadonlySet<number> | null): AsyncGenerator<LogRecord> {
  for (const { partition, start, end } of await log.endOffsets(topic)) {
    if (partitions !== null && !partitions.has(partition)) continue
    for (let from = start; from < end; ) {
      const records = await log.read(topic, partition, from, RECORDS_AT_ONCE)
      yield* records
      from = (records.at(-1)?.offset ?? end - 1) + 1
    }
  }
}
