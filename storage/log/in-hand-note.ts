/** What a group writes beside its committed offset: the records that a process has in hand, so that the next one knows if it died. */
import { NO_SUBJECTS, type Subjects } from './in-hand-subjects.ts'

/** Offsets from `from` to before `to`; empty where they are the same. */
export interface InHandNote {
  /** What is before has been processed, or tried alone, and killed nobody. */
  readonly from: number
  readonly to: number
  /** What was tried when this was written, and for the how manieth time. */
  readonly trial: Trial | null
  /** Offsets of records that were put aside and are not committed past: in rising order. */
  readonly aside: readonly number[]
  /** What is judged as a whole, of many records. */
  readonly subjects: Subjects
}

export interface Trial {
  readonly start: number
  readonly end: number
  readonly count: number
}

/** Absent when there is nothing to say: whoever had the partition let go of it in peace. */
export function noteText({ from, to, trial, aside, subjects }: InHandNote): string | undefined {
  const saysMore = aside.length > 0 || subjects.deaths > 0 || subjects.aside.length > 0
  if (from >= to && !saysMore) return undefined
  return JSON.stringify({
    version: 1,
    from,
    to,
    ...(trial !== null && { trial: [trial.start, trial.end, trial.count] }),
    ...(aside.length > 0 && { aside }),
    ...(subjects.deaths > 0 && { deaths: subjects.deaths }),
    ...(subjects.judged !== null && { judged: subjects.judged }),
    ...(subjects.suspects.length > 0 && { suspects: subjects.suspects.map(({ key, deaths }) => [key, deaths]) }),
    ...(subjects.aside.length > 0 && { asideSubjects: subjects.aside.map(({ key, to }) => [key, to]) }),
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
  const subjects = parseSubjects(value as Record<string, unknown>)
  return subjects && { from, to, trial: trial === null ? null : { start, end, count }, aside, subjects }
}

function parseSubjects(value: Record<string, unknown>): Subjects | null {
  const { deaths = 0, judged = null, suspects = [], asideSubjects = [] } = value
  if (!isCount(deaths) || !(judged === null || typeof judged === 'string')) return null
  if (!isCounted(suspects) || !isCounted(asideSubjects)) return null
  if (deaths === 0 && asideSubjects.length === 0) return NO_SUBJECTS
  return {
    deaths,
    judged,
    suspects: suspects.map(([key, count]) => ({ key, deaths: count })),
    aside: asideSubjects.map(([key, to]) => ({ key, to })),
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount)
const isCounted = (value: unknown): value is [string, number][] =>
  Array.isArray(value) &&
  value.every((one) => Array.isArray(one) && one.length === 2 && typeof one[0] === 'string' && isCount(one[1]))
