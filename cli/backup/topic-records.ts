/** Topics that hold what cannot be made anew, as lines of JSON, and back into another log. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { checkpointFromStart } from '../../alerting/checkpoint.ts'
import { laneFromStart } from '../../alerting/manager/lane-store.ts'
import type { Log, LogRecord, RecordToAppend, TopicSpec } from '../../storage/log/port.ts'
import { LogError } from '../../storage/log/port.ts'
import {
  ALERT_STATE,
  accessTopics,
  alertControlTopics,
  alertTopics,
  DEAD_LETTERS,
  definitionTopics,
  replayTopics,
  scorecardTopics,
} from '../../storage/log/topics.ts'

/** Positions in the log and how far replays are come first: behind what they speak of, never ahead. */
export const RECORD_TOPICS: readonly TopicSpec[] = [
  ...replayTopics,
  ...alertControlTopics,
  ...alertTopics.filter(({ name }) => name === ALERT_STATE || name === DEAD_LETTERS),
  ...definitionTopics,
  ...accessTopics,
  ...scorecardTopics,
]

const PAGE_RECORDS = 500
const PAGE_BYTES = 8 << 20

const lineSchema = z.object({
  partition: z.int(),
  offset: z.int(),
  key: z.string().nullable(),
  value: z.base64(),
  headers: z.record(z.string(), z.string()),
})

/** Up to where the topic ends now. How many were written; null where there is no such topic. Rejects with `LogError`. */
export async function writeRecords(log: Log, topic: string, file: string): Promise<number | null> {
  let extents: Awaited<ReturnType<Log['endOffsets']>>
  try {
    extents = await log.endOffsets(topic)
  } catch (error) {
    if (error instanceof LogError && error.code === 'unknown_topic') return null
    throw error
  }
  const handle = await open(file, 'w')
  let written = 0
  try {
    for (const { partition, start, end } of extents) {
      for (let next = start; next < end; ) {
        const records = await log.read(topic, partition, next, PAGE_RECORDS, PAGE_BYTES)
        const last = records.at(-1)
        if (last === undefined) break
        const wanted = records.filter(({ offset }) => offset < end)
        await handle.appendFile(wanted.map(lineOf).join(''))
        written += wanted.length
        next = last.offset + 1
      }
    }
  } finally {
    await handle.close()
  }
  return written
}

function lineOf({ partition, offset, key, value, headers }: LogRecord): string {
  return `${JSON.stringify({ partition, offset, key, value: Buffer.from(value).toString('base64'), headers })}\n`
}

/** Into a topic that has no records. Rejects with `LogError`. */
export async function appendRecords(log: Log, topic: string, file: string): Promise<void> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })
  /** Letters are named by their offsets, and what became of each is a later record about it. */
  const newOffsets = new Map<string, number>()
  let waiting: z.infer<typeof lineSchema>[] = []
  const flush = async (): Promise<void> => {
    const positions = await log.append(
      topic,
      waiting.map((line) => recordOf(topic, line, newOffsets)),
    )
    for (const [i, { offset }] of positions.entries()) newOffsets.set(String(waiting[i]?.offset), offset)
    waiting = []
  }
  for await (const line of lines) {
    const record = lineSchema.parse(JSON.parse(line))
    // What it is about has to be appended by then.
    if (record.headers.settles !== undefined) await flush()
    waiting.push(record)
    if (waiting.length >= PAGE_RECORDS) await flush()
  }
  await flush()
}

function recordOf(
  topic: string,
  { partition, key, value, headers }: z.infer<typeof lineSchema>,
  newOffsets: ReadonlyMap<string, number>,
): RecordToAppend {
  const bytes = Buffer.from(value, 'base64')
  const { settles } = headers
  return {
    key,
    partition,
    // The results that come in another log are counted from its beginning.
    value: topic === ALERT_STATE ? laneFromStart(checkpointFromStart(bytes)) : bytes,
    headers: settles === undefined ? headers : { ...headers, settles: String(newOffsets.get(settles) ?? settles) },
  }
}
