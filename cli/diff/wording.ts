/** The words of a comparison of definitions, for text and Markdown alike. */
import type { Effect, EvalDiff, PlanDiff, RuleDiff, TestDiff } from '../../dsl/diff-plans.ts'

/** What is compared, in words: `main (1a2b3c4)`, `the working tree`. */
export interface Compared {
  before: string
  after: string
}

export type Group =
  | { kind: 'evals'; title: string; meaning: string; items: EvalDiff[] }
  | { kind: 'rules'; title: string; meaning: string; items: RuleDiff[] }
  | { kind: 'tests'; title: string; meaning: string; items: TestDiff[] }

const EFFECT_GROUPS: Readonly<Record<Effect, { title: string; meaning: string }>> = {
  series: {
    title: 'Series broken',
    meaning: 'what is measured changes: a new series starts, charts show the break, alerts on it begin anew',
  },
  verdicts: {
    title: 'Verdicts only',
    meaning: 'the series goes on: verdicts are re-derived from stored scores, and nothing is judged again',
  },
  redaction: { title: 'Redaction', meaning: 'what is masked before storage changes; verdicts stay as they are' },
  mode: { title: 'Mode', meaning: 'live evals gate and notify, shadow evals are only shown' },
  metadata: { title: 'Metadata', meaning: 'no verdict changes' },
}

/** In the order in which they matter; empty ones are left out. An eval stands in the group of its gravest effect. */
export function groupsOf({ evals, rules, tests }: PlanDiff): Group[] {
  const changed = (effect: Effect): EvalDiff[] =>
    evals.filter((diff) => diff.change === 'changed' && diff.effects[0] === effect)
  const groups: Group[] = [
    { kind: 'evals', ...EFFECT_GROUPS.series, items: changed('series') },
    { kind: 'evals', ...EFFECT_GROUPS.verdicts, items: changed('verdicts') },
    { kind: 'evals', title: 'New', meaning: '', items: evals.filter(({ change }) => change === 'new') },
    {
      kind: 'evals',
      title: 'Removed',
      meaning: 'no longer judged; stored results stay',
      items: evals.filter(({ change }) => change === 'removed'),
    },
    {
      kind: 'evals',
      title: 'Renamed',
      meaning: 'by `was:`, so that the history goes on under the new name',
      items: evals.filter((diff) => diff.change === 'changed' && diff.effects.length === 0),
    },
    { kind: 'evals', ...EFFECT_GROUPS.redaction, items: changed('redaction') },
    { kind: 'evals', ...EFFECT_GROUPS.mode, items: changed('mode') },
    { kind: 'evals', ...EFFECT_GROUPS.metadata, items: changed('metadata') },
    { kind: 'rules', title: 'Alerts and scorecards', meaning: '', items: rules },
    { kind: 'tests', title: 'Tests', meaning: '', items: tests },
  ]
  return groups.filter(({ items }) => items.length > 0)
}

/** `2 series broken, 1 new, 3 tests`; for a heading. */
export function summaryOf(diff: PlanDiff): string {
  const parts = groupsOf(diff).map(({ kind, title, items }) => {
    if (kind === 'tests') return `${items.length} ${items.length === 1 ? 'test' : 'tests'}`
    if (kind === 'rules')
      return `${items.length} ${items.length === 1 ? 'alert or scorecard' : 'alerts and scorecards'}`
    return `${items.length} ${title.toLowerCase()}`
  })
  return parts.length === 0 ? 'no change of meaning' : parts.join(', ')
}

/** A sentence on what looks like a rename, where there is no `was:`. */
export function renameHint(diff: EvalDiff): string | null {
  if (diff.change !== 'new' || diff.looksLike === null) return null
  const name = diff.looksLike.split('/').at(-1) ?? diff.looksLike
  return `measures the same as ${diff.looksLike}, which is removed: if it is a rename, \`was: ${name}\` keeps its history`
}

/** Lines that differ, where a clause has several; what both begin and end with is left out. */
export function differingLines(before: string | null, after: string | null): { removed: string[]; added: string[] } {
  const removed = before === null ? [] : before.split('\n')
  const added = after === null ? [] : after.split('\n')
  while (removed.length > 0 && added.length > 0 && removed[0] === added[0]) {
    removed.shift()
    added.shift()
  }
  while (removed.length > 0 && added.length > 0 && removed.at(-1) === added.at(-1)) {
    removed.pop()
    added.pop()
  }
  return { removed, added }
}
