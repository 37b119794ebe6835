/** What the bound on the forwarder's disk leaves for records. */

/** The write-ahead log: up to its checkpoint at 16 MiB, and the transaction that passes it. */
const WAL_BYTES = 40 << 20
/** Of a file's pages, what records fill; the rest is half-empty pages and the tree above them. */
const FILL = 0.85

/** A bound below this would not hold a request of the greatest size. */
export const MIN_DISK_BYTES = 64 << 20

/** How much may lie in a buffer whose files together take at most `diskBytes`. */
export function maxLiveBytes(diskBytes: number): number {
  return Math.floor((diskBytes - WAL_BYTES) * FILL)
}

/** Of one request: with it the forwarder stays within 100 MB. */
export const DEFAULT_REQUEST_BYTES = 2 << 20
/** As the gateway has it. */
export const MOST_REQUEST_BYTES = 20 << 20
