/**
 * The state port: small texts by key that all instances share and that may be lost. Everything in it expires, so that nothing
 * piles up that nobody reads any more.
 */

export interface StateStore {
  readonly backend: 'redis' | 'embedded'
  /** Undefined where the key was never set or has expired. */
  get(key: string): Promise<string | undefined>
  set(key: string, value: string, ttlMs: number): Promise<void>
  /** Sets it if it is `expected` at this moment (undefined: if there is none), for all instances at once. False: it was something else. */
  compareAndSet(key: string, expected: string | undefined, value: string, ttlMs: number): Promise<boolean>
  /**
   * Adds a whole number to the one of a key (0 where there is none), for all instances at once, and gives the sum; undefined, with nothing
   * added, where it would be above `atMost`. A key has to hold numbers alone.
   */
  add(key: string, delta: number, ttlMs: number, atMost?: number): Promise<number | undefined>
  /** As `setIn`, unless that many others are in the group: false, then. */
  setInIfRoom(group: string, key: string, value: string, ttlMs: number, atMost: number): Promise<boolean>
  /** Sets an entry of a group: its keys are apart from other groups', and from those of `set`. */
  setIn(group: string, key: string, value: string, ttlMs: number): Promise<void>
  removeIn(group: string, key: string): Promise<void>
  /** Every entry of the group that has not expired, by its key; each as it was at some moment of the call. */
  list(group: string): Promise<ReadonlyMap<string, string>>
  /** How far the replica is behind that is furthest: null where there is none, or where it is not known. Absent of what has no replicas. */
  replicationLagSeconds?(): Promise<number | null>
  /** Removes all whose keys begin so, and says how many. Of what another instance writes meanwhile some may stay. */
  clear(prefix: string): Promise<number>
  close(): Promise<void>
}

/**
 * What every operation rejects with, within the adapter's time limit, while the store cannot be reached. A write that was cut off may
 * have been made. The next operation may succeed: the store reconnects by itself.
 */
export class StateError extends Error {
  readonly code = 'unavailable'
  override name = 'StateError'
}

/** What has to last longer is data, which belongs into another store. */
const MAX_TTL_MS = 7 * 24 * 3_600_000
/** Sums are exact in either adapter up to here. */
const MAX_SUM = Number.MAX_SAFE_INTEGER
const MAX_KEY_CHARS = 512
const MAX_GROUP_CHARS = 256

/** Throws on a caller's mistake, as `assertEntry`. */
export function assertGroup(group: string): void {
  if (group === '' || group.length > MAX_GROUP_CHARS)
    throw new RangeError(`a group of state has a name of 1 to ${MAX_GROUP_CHARS} characters`)
}

/** Throws on a caller's mistake. Adapters call it first, so that they agree. */
export function assertEntry(key: string, ttlMs: number): void {
  if (key === '' || key.length > MAX_KEY_CHARS)
    throw new RangeError(`a key of state has 1 to ${MAX_KEY_CHARS} characters`)
  if (!Number.isInteger(ttlMs) || ttlMs < 1 || ttlMs > MAX_TTL_MS)
    throw new RangeError(`state is kept for 1 to ${MAX_TTL_MS} ms, not for ${ttlMs}`)
}

/** Throws on a caller's mistake. */
export function assertAddend(delta: number, atMost: number | undefined): void {
  if (!Number.isSafeInteger(delta)) throw new RangeError(`${delta} is no whole number to add`)
  if (atMost !== undefined && !(atMost >= 0 && atMost <= MAX_SUM))
    throw new RangeError(`${atMost} is no bound of a sum`)
}
