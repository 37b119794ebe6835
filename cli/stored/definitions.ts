/** The definitions of the working tree, and what a name on the command line means among them. */
import type { EvalPlan, Plan } from '../../dsl/plan.ts'
import { didYouMean } from '../../dsl/suggest.ts'
import { underJudges } from '../../engine/judge/in-force.ts'
import type { LoadedEvals } from '../load-evals.ts'
import { type LoadedPlan, loadPlan } from '../loaded-plan.ts'
import { packFolder } from '../pack-folder.ts'
import { configuredJudges } from '../run/configured-judges.ts'

export type DefinitionsOutcome = { ok: true; plan: Plan; loaded: LoadedEvals } | { ok: false; exitCode: number }

/**
 * Of the paths that were given; else of the folder at hand, but for fixtures of tests below it, with the standard packs behind
 * it. Errors are told on stderr.
 */
export function loadDefinitions(paths: readonly string[] | undefined): DefinitionsOutcome {
  const outcome = paths === undefined ? loadAtHand([packFolder]) : loadPlan(paths)
  if (!outcome.ok) return outcome
  const configured = configuredJudges()
  return configured.ok ? { ...outcome, plan: underJudges(outcome.plan, configured.judges) } : outcome
}

/** The folder at hand may hold what is not in force: files of several projects, or of tests. */
export const loadAtHand = (behind: readonly string[] = []): LoadedPlan =>
  loadPlan(['.', ...behind], { leavesOutFixtures: true, hint: AT_HAND })

const AT_HAND =
  'every .eval file of the folder at hand is read, but for folders named golden or fixtures: --evals FOLDER takes those of one folder'

/** Without those of the standard packs, unless there are no others. */
export function ownBeforePacks(evals: readonly EvalPlan[]): readonly EvalPlan[] {
  const own = evals.filter(({ file }) => !file.startsWith('assay:'))
  return own.length > 0 ? own : evals
}

export type EvalOutcome = { ok: true; evalPlan: EvalPlan } | { ok: false; message: string }

/** `package/name`, or the name alone where one eval has it; those of the ids in `first` before others, one's own before those of the packs. */
export function evalNamed(name: string, plan: Plan, first: ReadonlySet<string> = new Set()): EvalOutcome {
  const exact = plan.evals.find(({ id }) => id === name)
  if (exact !== undefined) return { ok: true, evalPlan: exact }
  const all = plan.evals.filter((one) => one.name === name)
  const ofFirst = all.filter(({ id }) => first.has(id))
  const named = ofFirst.length > 0 ? ofFirst : ownBeforePacks(all)
  const [only] = named
  if (named.length === 1 && only !== undefined) return { ok: true, evalPlan: only }
  if (named.length > 1) return { ok: false, message: `which ${name}: ${named.map(({ id }) => id).join(' or ')}?` }
  const ids = plan.evals.map(({ id }) => id)
  return { ok: false, message: `there is no eval ${name} in the definitions here${didYouMean(name, ids)}; see --evals` }
}
