/**
 * Room that the gateway leaves on the disk, so that what it has accepted can still be judged, stored and committed: an engine
 * that runs out of space in the middle of a write is in a far worse place than a client that is asked to wait.
 */
import { statfsSync } from 'node:fs'
import { type Log, LogError } from '../../storage/log/port.ts'

export const RESERVE_BYTES = 128 << 20

/** What this user may still write on the disk that holds `path`. */
export function freeBytesOf(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

/** On the edge of the reserve it goes to and fro with each request: nobody needs to hear of it at that pace. */
const CHANGE_GAP_MS = 2_000

/**
 * The log, but appends are refused as `full` while less than the reserve is free. `onChange` hears when that begins and ends,
 * at an append, and not within two seconds of the change before.
 */
export function withDiskReserve(
  log: Log,
  options: {
    freeBytes: () => number
    reserveBytes: number
    nowMs: () => number
    onChange: (isShort: boolean) => void
  },
): Pick<Log, 'append' | 'partitionFor'> {
  let wasShort = false
  let changedAtMs = Number.NEGATIVE_INFINITY
  return {
    partitionFor: (topic, key) => log.partitionFor(topic, key),
    append: async (topic, records) => {
      // A microsecond or two a request; a cached figure would be wrong just when it matters.
      const isShort = options.freeBytes() < options.reserveBytes
      if (isShort !== wasShort && Math.abs(options.nowMs() - changedAtMs) >= CHANGE_GAP_MS) {
        wasShort = isShort
        changedAtMs = options.nowMs()
        options.onChange(isShort)
      }
      if (isShort) throw new LogError('full', `less than ${options.reserveBytes >> 20} MiB of disk are free`)
      return log.append(topic, records)
    },
  }
}
