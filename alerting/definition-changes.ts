/** What of an alert's definitions changed lately: an on-call engineer asks that first. */
import { type RunAlert, watchedEvalId } from '../engine/alerting/run-alert.ts'
import type { AlertWhy } from '../engine/alerting/why.ts'
import type { DefinitionsCommit } from '../storage/definitions/published.ts'

export type DefinitionChange = AlertWhy['definitions'][number]

const LATELY_MS = 7 * 24 * 3_600_000
const KEPT = 5

export type CommitOf = (packageName: string) => DefinitionsCommit | null

/** `commitOf`: of git, of a package's definitions that are in force since then; null where it is not known. */
export function changesBetween(
  before: RunAlert,
  after: RunAlert,
  atMs: number,
  commitOf: CommitOf,
): DefinitionChange[] {
  const watched = watchedEvalId(after)
  const found: { what: string; packageName: string }[] = []
  if (before.conditionHash !== after.conditionHash)
    found.push({ what: `the rule of ${after.id}`, packageName: after.package })
  if (watchedEvalId(before) === watched && after.on.kind === 'eval') {
    if (before.measureHash !== after.measureHash)
      found.push({ what: `what ${watched} measures`, packageName: packageOf(watched) })
    else if (before.verdictHash !== after.verdictHash)
      found.push({ what: `what passes of ${watched}`, packageName: packageOf(watched) })
  }
  return found.map(({ what, packageName }) => {
    const { revision = null, author = null, subject = null } = commitOf(packageName) ?? {}
    return { atMs, revision, author, subject, what: `${what} changed` }
  })
}

const packageOf = (id: string): string => id.slice(0, id.indexOf('/'))

/** The latest ones, newest last. */
export const lately = (changes: readonly DefinitionChange[], nowMs: number): DefinitionChange[] =>
  changes.filter(({ atMs }) => nowMs - atMs < LATELY_MS).slice(-KEPT)
