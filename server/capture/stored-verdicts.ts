/** What production said of a trace, by the definitions at hand. */
import type { EvalPlan } from '../../dsl/plan.ts'
import { graver } from '../../engine/evaluate/verdict.ts'
import type { Verdict } from '../../engine/model/result.ts'
import type { ResultJson } from '../schemas.ts'
import type { StoredTrace } from './capture-tests.ts'

/** The gravest of an eval's subjects, by eval id; what another measure or another pass clause said is left out. */
export function storedVerdicts(evals: readonly EvalPlan[], { results }: StoredTrace): Map<string, Verdict> {
  const found = new Map<string, Verdict>()
  for (const one of evals) {
    const verdict = latestOf(one, results).reduce<Verdict | 'none'>(
      (worst, next) => graver(worst, next.verdict),
      'none',
    )
    if (verdict !== 'none') found.set(one.id, verdict)
  }
  return found
}

/** Newest first in, one a subject out. */
function latestOf(one: EvalPlan, results: readonly ResultJson[]): ResultJson[] {
  const latest = new Map<string, ResultJson>()
  for (const result of results) {
    if (result.eval !== one.id) continue
    const key = result.spanId ?? ''
    if (!latest.has(key)) latest.set(key, result)
  }
  return [...latest.values()].filter(
    ({ measureHash, verdictHash }) => measureHash === one.measureHash && verdictHash === one.verdictHash,
  )
}
