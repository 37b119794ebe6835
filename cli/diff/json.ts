/** `assay diff --json`: what changed, for programs. Keys are only ever added. */
import { EFFECTS, type PlanDiff } from '../../dsl/diff-plans.ts'
import { type Sight, sightJson } from './sight.ts'

export interface ComparedSide {
  /** Null for the working tree. */
  revision: string | null
  commit: string | null
  planHash: string
}

export function diffJson(
  { evals, rules, tests }: PlanDiff,
  before: ComparedSide,
  after: ComparedSide,
  sight: Sight | null,
): string {
  const changed = evals.flatMap((diff) => (diff.change === 'changed' ? [diff] : []))
  const byEffect = EFFECTS.map((effect) => [effect, changed.filter(({ effects }) => effects[0] === effect).length])
  const summary = {
    new: evals.filter(({ change }) => change === 'new').length,
    removed: evals.filter(({ change }) => change === 'removed').length,
    renamed: changed.filter(({ from }) => from !== null).length,
    ...Object.fromEntries(byEffect),
    rules: rules.length,
    tests: tests.length,
  }
  const alerts = sight === null ? null : sightJson(sight)
  const all = { version: 1, before, after, summary, evals, rules, tests, alertSight: alerts }
  return `${JSON.stringify(all, null, 2)}\n`
}
