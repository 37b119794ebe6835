/**
 * What is judged as a whole, of many records, such as a trace: none of its records alone kills the process. After two deaths with
 * nothing committed in between, each is noted by its key before it is judged; what so many died of is put aside. Pure.
 */
import { createHash } from 'node:crypto'

export interface Subjects {
  /** Of processes, one after the other, with nothing committed in between. */
  readonly deaths: number
  /** Judged when this was written; null when none was. */
  readonly judged: string | null
  /** Those that were judged when a process died. */
  readonly suspects: readonly Suspect[]
  /** Put aside, and not committed past. */
  readonly aside: readonly AsideSubject[]
}

export interface Suspect {
  readonly key: string
  readonly deaths: number
}

export interface AsideSubject {
  readonly key: string
  /** Behind the last record of it that was put aside. */
  readonly to: number
}

export const NO_SUBJECTS: Subjects = { deaths: 0, judged: null, suspects: [], aside: [] }

/** One death may have been an operator's. */
const CAREFUL_DEATHS = 2
const MAX_SUSPECTS = 4
const MAX_ASIDE = 10
const KEY_LENGTH = 16

/** Short, whatever the names are: the note has not much room. */
export function subjectKey(...names: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(names)).digest('base64url').slice(0, KEY_LENGTH)
}

/** They are to be noted before they are judged. */
export const isCareful = ({ deaths }: Subjects): boolean => deaths >= CAREFUL_DEATHS

/** More make the note unwieldy. */
export const isFull = ({ aside }: Subjects): boolean => aside.length >= MAX_ASIDE

export const deathsWith = ({ suspects }: Subjects, key: string): number =>
  suspects.find((one) => one.key === key)?.deaths ?? 0

/** For whoever takes over from a process that died. */
export function afterDeath(of: Subjects): Subjects {
  const { deaths, judged, suspects } = of
  if (judged === null) return { ...of, deaths: deaths + 1 }
  const suspect = { key: judged, deaths: deathsWith(of, judged) + 1 }
  const all = [suspect, ...suspects.filter(({ key }) => key !== judged)].toSorted((a, b) => b.deaths - a.deaths)
  return { ...of, deaths: deaths + 1, judged: null, suspects: all.slice(0, MAX_SUSPECTS) }
}

/** `hasMoved`: more is committed than before, so that whatever killed did not keep the group from going on. */
export function afterCommit(of: Subjects, offset: number, hasMoved: boolean): Subjects {
  if (of === NO_SUBJECTS) return of
  const aside = of.aside.filter(({ to }) => to > offset)
  return hasMoved ? { ...NO_SUBJECTS, aside } : { ...of, judged: null, aside }
}

export const withJudged = (of: Subjects, key: string): Subjects => ({ ...of, judged: key })

/** It was judged, and the process lives. */
export const withInnocent = (of: Subjects, key: string): Subjects => ({
  ...of,
  judged: null,
  suspects: of.suspects.filter((one) => one.key !== key),
})

export const withAside = (of: Subjects, key: string, to: number): Subjects => ({
  ...withInnocent(of, key),
  aside: [...of.aside.filter((one) => one.key !== key), { key, to }],
})
