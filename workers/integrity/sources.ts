/** Which records of a topic lie in dead-letters. */

import { GROUP, skippedRangeOf } from '../../storage/log/dead-letter.ts'
import type { Log } from '../../storage/log/port.ts'
import { DEAD_LETTERS } from '../../storage/log/topics.ts'

const PAGE_RECORDS = 200
const PAGE_BYTES = 8 << 20

/**
 * `topic/partition/offset` of each that the group put aside since; a letter is never older than its record. What another group could not
 * use is stored all the same. Letters of versions that did not say whose they are count as the group's.
 * Records that an operator let go are in one letter, all of them.
 */
export async function deadLetteredSources(
  log: Log,
  { topic, groupId, sinceMs }: { topic: string; groupId: string; sinceMs: number },
): Promise<ReadonlySet<string>> {
  const sources = new Set<string>()
  for (const { partition, offset } of await log.offsetsForTime(DEAD_LETTERS, sinceMs)) {
    for (let next = offset; ; ) {
      const records = await log.read(DEAD_LETTERS, partition, next, PAGE_RECORDS, PAGE_BYTES)
      const last = records.at(-1)
      if (last === undefined) break
      for (const record of records) {
        const range = skippedRangeOf(record)
        if (range?.topic === topic) {
          for (let at = range.from; at < range.to; at++) sources.add(`${topic}/${range.partition}/${at}`)
          continue
        }
        const { headers } = record
        const { source, [GROUP]: group = groupId } = headers
        if (group === groupId && source?.startsWith(`${topic}/`)) sources.add(source)
      }
      next = last.offset + 1
    }
  }
  return sources
}
