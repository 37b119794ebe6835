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
 * The log, but appends are refused as `full` while less than the reserve is free. `onChange` hears when that begins and ends;
 * of a change within two seconds of the one before only then, if it still holds.
 */
export function withDiskReserve(
  log: Log,
  options: {
    freeBytes: () => number
    reserveBytes: number
    onChange: (isShort: boolean) => void
  },
): Pick<Log, 'append' | 'partitionFor'> {
  let isShort = false
  let toldShort = false
  let gap: NodeJS.Timeout | null = null
  const tellChange = (): void => {
    if (isShort === toldShort || gap !== null) return
    toldShort = isShort
    options.onChange(isShort)
    gap = setTimeout(() => {
      gap = null
      tellChange()
    }, CHANGE_GAP_MS)
    gap.unref()
  }
  return {
    partitionFor: (topic, key) => log.partitionFor(topic, key),
    append: async (topic, records) => {
      // A microsecond or two a request; a cached figure would be wrong just when it matters.
      isShort = options.freeBytes() < options.reserveBytes
      tellChange()
      if (isShort) throw new LogError('full', `less than ${options.reserveBytes >> 20} MiB of disk are free`)
      return log.append(topic, records)
    },
  }
}
