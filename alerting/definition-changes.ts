/** What of an alert's definitions changed lately: an on-call engineer asks that first. */
import { type RunAlert, watchedEvalId } from '../engine/alerting/run-alert.ts'
import type { AlertWhy } from '../engine/alerting/why.ts'

export type DefinitionChange = AlertWhy['definitions'][number]

const LATELY_MS = 7 * 24 * 3_600_000
const KEPT = 5

/** `revision`: of git, of the definitions in force since then; null where it is not known. */
export function changesBetween(
  before: RunAlert,
  after: RunAlert,
  atMs: number,
  revision: string | null,
): DefinitionChange[] {
  const watched = watchedEvalId(after)
  const found: string[] = []
  if (before.conditionHash !== after.conditionHash) found.push(`the rule of ${after.id}`)
  if (watchedEvalId(before) === watched && after.on.kind === 'eval') {
    if (before.measureHash !== after.measureHash) found.push(`what ${watched} measures`)
    else if (before.verdictHash !== after.verdictHash) found.push(`what passes of ${watched}`)
  }
  return found.map((what) => ({ atMs, revision, what: `${what} changed` }))
}

/** The latest ones, newest last. */
export const lately = (changes: readonly DefinitionChange[], nowMs: number): DefinitionChange[] =>
  changes.filter(({ atMs }) => nowMs - atMs < LATELY_MS).slice(-KEPT)
