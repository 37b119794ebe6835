/** Which records of a topic lie in dead-letters. */
import type { Log } from '../../storage/log/port.ts'
import { DEAD_LETTERS } from '../../storage/log/topics.ts'

const PAGE_RECORDS = 200

/** `topic/partition/offset` of each that was put aside since; a letter is never older than its record. */
export async function deadLetteredSources(log: Log, topic: string, sinceMs: number): Promise<ReadonlySet<string>> {
  const sources = new Set<string>()
  for (const { partition, offset } of await log.offsetsForTime(DEAD_LETTERS, sinceMs)) {
    for (let next = offset; ; ) {
      const records = await log.read(DEAD_LETTERS, partition, next, PAGE_RECORDS)
      const last = records.at(-1)
      if (last === undefined) break
      for (const { headers } of records) if (headers.source?.startsWith(`${topic}/`)) sources.add(headers.source)
      next = last.offset + 1
    }
  }
  return sources
}
