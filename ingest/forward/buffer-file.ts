/** The forwarder's file: what waits to be delivered, and what was set aside, within one bound. */
import { join } from 'node:path'
import type { Durability } from '../../storage/log/embedded/sqlite.ts'
import { TopicFile } from '../../storage/log/embedded/topic-file.ts'
import { maxLiveBytes } from './bounds.ts'

/** Partitions. */
export const WAITING = 0
export const ASIDE = 1

/**
 * Opens or makes the file in a folder that this process holds. Throws `LogError`: `full`, or `io` for a file that is damaged or not ours.
 */
export function openBufferFile(folder: string, diskBytes: number, durability: Durability): TopicFile {
  const spec = { name: 'forward', partitions: 2, retentionMs: null, compacted: false }
  const bounded = { ...spec, retentionBytes: maxLiveBytes(diskBytes) }
  const file = TopicFile.open(join(folder, 'forward.db'), { durability, spec: bounded })
  file.updateRetention(bounded)
  return file
}

/** Of a record that the gateway made. */
export function spansOf(headers: Readonly<Record<string, string>>): number {
  return Number(headers.spans ?? 0)
}
