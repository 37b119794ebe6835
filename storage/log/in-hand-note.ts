/** What a group writes beside its committed offset: the records that a process has in hand, so that the next one knows if it died. */

/** Offsets from `from` to before `to`; empty where they are the same. */
export interface InHandNote {
  /** What is before has been processed, or tried alone, and killed nobody. */
  readonly from: number
  readonly to: number
  /** What was tried when this was written, and for the how manieth time. */
  readonly trial: Trial | null
  /** Offsets of records that were put aside and are not committed past: in rising order. */
  readonly aside: readonly number[]
}

export interface Trial {
  readonly start: number
  readonly end: number
  readonly count: number
}

/** Absent when there is nothing to say: whoever had the partition let go of it in peace. */
export function noteText({ from, to, trial, aside }: InHandNote): string | undefined {
  if (from >= to && aside.length === 0) return undefined
  return JSON.stringify({
    version: 1,
    from,
    to,
    ...(trial !== null && { trial: [trial.start, trial.end, trial.count] }),
    ...(aside.length > 0 && { aside }),
  })
}

/** Null for what is no note of ours: there is then nothing to be careful about. */
export function parseNote(text: string | undefined): InHandNote | null {
  if (text === undefined) return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { version, from, to, trial = null, aside = [] } = value as Record<string, unknown>
  if (version !== 1 || !isCount(from) || !isCount(to) || !isCounts(aside)) return null
  if (trial !== null && !(isCounts(trial) && trial.length === 3)) return null
  const [start = 0, end = 0, count = 0] = trial ?? []
  return { from, to, trial: trial === null ? null : { start, end, count }, aside }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount)
