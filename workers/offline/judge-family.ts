/** A notice where a judge is of the family of models that the sampled agents run on. */
import { asksJudge } from '../../dsl/metrics.ts'
import { familyOf } from '../../dsl/model-names.ts'
import type { JudgePlan, OfflineEvalPlan } from '../../dsl/plan.ts'
import { kindOf, type TraceView } from '../../engine/evaluate/subject.ts'

const ASKING: ReadonlySet<string | null> = new Set([kindOf('llm_call'), kindOf('agent_run')])

/** Looks at what is judged until one of it is of the family of a judge: then it says so, and looks no more. Of an eval that asks nobody nothing is said. */
export function familyWatch(
  { method }: Pick<OfflineEvalPlan, 'method'>,
  defaultJudge: JudgePlan | null,
  say: (notice: string) => void,
): (view: TraceView) => void {
  const judges = new Map<string, string>()
  for (const name of (asksJudge(method) ? (method.judge ?? defaultJudge) : null)?.models ?? []) {
    const family = familyOf(name)
    if (family !== null && !judges.has(family)) judges.set(family, name)
  }
  return ({ spans }) => {
    if (judges.size === 0) return
    for (const { kind, model } of spans) {
      const family = model === undefined || !ASKING.has(kind) ? null : familyOf(model)
      const judge = family === null ? undefined : judges.get(family)
      if (judge === undefined) continue
      judges.clear()
      say(
        `Its judge is ${judge}, and agents that it judges run on ${family} models too: a model judges its own family more kindly. ` +
          'Name a judge of another in `judge:`, or hold it to labels of people (assay label).',
      )
      return
    }
  }
}
