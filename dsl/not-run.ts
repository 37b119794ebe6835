import type { ScorecardPlan } from './plan.ts'

/** Labels by which rows of scorecards are divided. */
const DIVIDED_BY: ReadonlySet<string> = new Set(['agent.name', 'env'])

/** What of a scorecard this version does not run; null when all of it is. */
export function scorecardNotRunYet({ rows }: Pick<ScorecardPlan, 'rows'>): string | null {
  const quantile = rows.flatMap(({ cells }) => cells).find(({ fn }) => /^p\d+$/.test(fn))
  if (quantile !== undefined) return `\`${quantile.fn}\` in scorecards`
  const foreign = rows.flatMap(({ by }) => by).find((group) => group.kind === 'attr' || !DIVIDED_BY.has(group.path))
  if (foreign === undefined) return null
  return `rows by \`${foreign.kind === 'attr' ? `attr("${foreign.name}")` : foreign.path}\``
}
