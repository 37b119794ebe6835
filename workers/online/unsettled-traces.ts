/**
 * What is told of traces that wait for the store, in the log: whoever has their partition next takes them up, though their records are
 * committed. A note of a trace counts until it is told to be settled.
 */
import type { Log, RecordToAppend } from '../../storage/log/port.ts'
import { UNSETTLED_TRACES } from '../../storage/log/topics.ts'
import { encodeNote, parseNote, type UnsettledNote, type UnsettledTrace } from '../../storage/unsettled-notes.ts'

/** What is new of one trace. */
export type UnsettledChange = { readonly partition: number } & (
  | { readonly waiting: UnsettledTrace }
  | { readonly settled: UnsettledNote['settled'][number] }
)

const MAX_TRACES_OF_RECORD = 5_000
const READ_RECORDS = 1_000
const READ_BYTES = 8 << 20

/** `partitions` of the topic: it may have fewer than `agent-traces`. */
export function unsettledRecords(changes: readonly UnsettledChange[], partitions: number): RecordToAppend[] {
  const records: RecordToAppend[] = []
  for (const [partition, of] of Map.groupBy(changes, (change) => change.partition)) {
    for (let start = 0; start < of.length; start += MAX_TRACES_OF_RECORD) {
      const some = of.slice(start, start + MAX_TRACES_OF_RECORD)
      const note: UnsettledNote = {
        version: 1,
        partition,
        waiting: some.flatMap((one) => ('waiting' in one ? [one.waiting] : [])),
        settled: some.flatMap((one) => ('settled' in one ? [one.settled] : [])),
      }
      records.push({ key: null, partition: partition % partitions, value: encodeNote(note) })
    }
  }
  return records
}

/** Those of a partition of `agent-traces`, oldest first. What another version wrote is left to it. */
export async function readUnsettled(
  log: Pick<Log, 'read' | 'partitionsOf'>,
  partition: number,
): Promise<UnsettledTrace[]> {
  const unsettled = new Map<string, UnsettledTrace>()
  const from = partition % (await log.partitionsOf(UNSETTLED_TRACES))
  for (let next = 0; ; ) {
    const records = await log.read(UNSETTLED_TRACES, from, next, READ_RECORDS, READ_BYTES)
    const last = records.at(-1)
    if (last === undefined) return [...unsettled.values()]
    next = last.offset + 1
    for (const { value } of records) {
      const note = parseNote(value)
      if (note?.partition !== partition) continue
      for (const { tenant, traceId } of note.settled) unsettled.delete(tenant + traceId)
      for (const one of note.waiting) unsettled.set(one.tenant + one.traceId, one)
    }
  }
}
