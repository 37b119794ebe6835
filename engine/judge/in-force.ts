/** What the configuration adds to what offline evals measure, when their definitions are taken into force. */
import { hashOfPlan } from '../../dsl/hash.ts'
import { DIRECT_TEMPLATE_VERSION } from '../../dsl/judge-template.ts'
import { asksJudge } from '../../dsl/metrics.ts'
import type { EvalPlan, JudgePlan, OfflineEvalPlan, OfflineMethod, Plan } from '../../dsl/plan.ts'
import { sha256Hex } from '../../dsl/sha256.ts'
import { hasDirectForm } from './direct.ts'

/** Of the configuration, and the same in every role: no secret, and nothing that is not part of what is measured. */
export interface JudgesInForce {
  /** Asked by metrics whose eval names no judge. */
  readonly defaultJudge: JudgePlan | null
  readonly providers: readonly {
    readonly name: string
    /** Another provider whose models it serves too. */
    readonly alsoFor?: string | null
    readonly logprobs?: boolean
  }[]
}

/**
 * Metrics without a judge of their own are by the configured one. Where that, log-probabilities or several providers of one model say what is
 * measured, the measure's hash is made of them as well. Evals that this does not concern stay as they are.
 */
export function underJudges(plan: Plan, judges: JudgesInForce): Plan {
  const evals = plan.evals.map((one) => evalUnder(one, judges))
  return evals.every((one, i) => one === plan.evals[i]) ? plan : sealed(plan, evals)
}

/** Definitions from files, seen as those in force: what is written alike is judged alike, whatever is configured here. */
export function judgedAs(plan: Plan, inForce: Plan): Plan {
  const known = new Map(inForce.evals.map((one) => [one.id, one]))
  const evals = plan.evals.map((one): EvalPlan => {
    const other = known.get(one.id)
    if (one.kind !== 'offline' || other?.kind !== 'offline' || other.writtenMeasureHash !== one.measureHash) return one
    const { measureHash, writtenMeasureHash, method } = other
    return { ...one, measureHash, writtenMeasureHash, method: { ...one.method, judge: method.judge } as OfflineMethod }
  })
  return evals.every((one, i) => one === plan.evals[i]) ? plan : sealed(plan, evals)
}

function evalUnder(one: EvalPlan, { defaultJudge, providers }: JudgesInForce): EvalPlan {
  if (one.kind === 'online' || !asksJudge(one.method)) return one
  const judge = one.method.judge ?? defaultJudge
  if (judge === null) return one
  const asked = judge.models.flatMap((model) => servedBy(model, providers))
  const direct = isDirect(one) ? asked.filter(({ logprobs }) => logprobs) : []
  const added = {
    ...(one.method.judge === null && { judge: judge.models }),
    ...(asked.length > judge.models.length && { servedBy: asked.map(({ name }) => name).sort() }),
    ...(direct.length > 0 && { direct: [DIRECT_TEMPLATE_VERSION, ...direct.map(({ name }) => name).sort()] }),
  }
  if (Object.keys(added).length === 0) return one
  const measureHash = sha256Hex(`${one.measureHash}\0configured\0${JSON.stringify(added)}`).slice(0, 32)
  return { ...one, measureHash, writtenMeasureHash: one.measureHash, method: { ...one.method, judge } }
}

/** Metrics are asked for reasons always. */
function isDirect({ method }: OfflineEvalPlan): boolean {
  return method.kind === 'rubric' && hasDirectForm(method.scale)
}

/** Every model that may answer under this name: its own provider is among them wherever its key is, for roles without keys know of none. */
function servedBy(judge: string, providers: JudgesInForce['providers']): { name: string; logprobs: boolean }[] {
  const slash = judge.indexOf('/')
  const [provider, model] = [judge.slice(0, slash), judge.slice(slash)]
  const own = providers.find(({ name }) => name === provider)
  const others = providers.filter(({ name, alsoFor }) => name !== provider && alsoFor === provider)
  return [
    { name: judge, logprobs: own?.logprobs ?? false },
    ...others.map(({ name, logprobs = false }) => ({ name: `${name}${model}`, logprobs })),
  ]
}

function sealed({ hash: _, ...plan }: Plan, evals: EvalPlan[]): Plan {
  const next = { ...plan, evals }
  return { ...next, hash: hashOfPlan(next) }
}
