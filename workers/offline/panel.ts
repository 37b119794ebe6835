/** One judge with its stand-ins, or several whose scores are taken together. */
import { modelOf, twiceOn } from '../../dsl/model-names.ts'
import type { JudgePlan } from '../../dsl/plan.ts'
import { type JudgedScore, noScore } from '../../engine/judge/asker.ts'
import type { Judgement, Reason } from '../../engine/model/result.ts'
import { panelAggregate } from '../../engine/statistics/panel-aggregate.ts'
import { addUsage, type JudgeUsage, NO_USAGE } from './completion.ts'
import { type Provider, parseJudgeName } from './providers.ts'

/** What a judge, or a panel, makes of one subject. */
export interface Judged {
  scored: JudgedScore
  usage: JudgeUsage
}

/** Judges a subject by these models: the first, and those that stand in for it in order. */
export type JudgeBy = (models: readonly string[]) => Promise<Judged>

/**
 * A single judge fails over to its fallbacks in order. On a panel each fallback stands in for one unreachable member at the
 * most, and for none beside whom it would be the same model, by whichever provider: no model counts as two. A member without a stand-in leaves the subject without a score,
 * as does one that abstains, refuses or answers nonsense: what the others say together would measure something else. A panel
 * that takes the majority abstains where no score has more than half of its members.
 */
export async function judgeByPanel(judges: JudgePlan, judgeBy: JudgeBy): Promise<Judged> {
  if (judges.models.length === 1) return judgeBy([...judges.models, ...judges.fallbacks])
  const twice = twiceOn(judges.models)
  if (twice !== null) return { scored: oneVoice(twice, modelOf(twice[0])), usage: NO_USAGE }
  const members = await Promise.all(judges.models.map((model) => judgeBy([model])))
  const lineUp = [...judges.models]
  const standIns = new Set(judges.fallbacks.filter((model) => !judges.models.includes(model)))
  for (const i of members.keys()) {
    for (const standIn of standIns) {
      if (!isUnreachable(members[i]!)) break
      if (lineUp.some((other, j) => j !== i && modelOf(other) === modelOf(standIn))) continue
      standIns.delete(standIn)
      lineUp[i] = standIn
      members[i] = await judgeBy([standIn])
    }
  }
  return distinct(members, lineUp) ?? combine(members, judges.take ?? 'mean')
}

/** Names may hide it, as those of deployments do: the model that providers say has answered tells. Null where each is another. */
function distinct(members: readonly Judged[], lineUp: readonly string[]): Judged | null {
  for (const [i, { usage, scored }] of members.entries()) {
    const before = members.findIndex((one) => one.scored.kind === 'score' && one.usage.model === usage.model)
    if (scored.kind === 'none' || usage.model === undefined || before === i) continue
    const all = members.map((member) => member.usage).reduce(addUsage, NO_USAGE)
    return { scored: oneVoice([lineUp[before]!, lineUp[i]!], usage.model), usage: all }
  }
  return null
}

function oneVoice([a, b]: readonly [string, string], model: string): JudgedScore {
  return noScore({
    code: 'judge_unreachable',
    detail: `${a} and ${b} of the panel are one model, ${model}, which has one voice`,
  })
}

/** Names of judges that would have to have a provider for the eval to run; empty when it can. */
export function providersLacking(judges: JudgePlan, providers: ReadonlyMap<string, Provider>): string[] {
  const known = (model: string) => providers.has(parseJudgeName(model).provider)
  if (judges.models.length > 1) return judges.models.filter((model) => !known(model))
  const all = [...judges.models, ...judges.fallbacks]
  return all.some(known) ? [] : all
}

/** Errors come before what a judge chose not to answer: they may be mended. */
const GRAVEST = ['judge_unreachable', 'judge_malformed', 'refused', 'abstained'] as const

function combine(members: readonly Judged[], take: NonNullable<JudgePlan['take']>): Judged {
  const usage = members.map((member) => member.usage).reduce(addUsage, NO_USAGE)
  // What each said is kept: how far they disagree is read from it.
  const judgements = members.flatMap((member, i) => memberJudgements(member, i))
  const without = members.flatMap(({ scored }) => (scored.kind === 'none' ? [scored] : []))
  const gravest = GRAVEST.flatMap((code) => without.filter(({ why }) => why.code === code))[0] ?? without[0]
  if (gravest !== undefined) return { scored: { ...gravest, judgements }, usage }
  const scores = members.flatMap(({ scored }) => (scored.kind === 'score' ? [scored.score] : []))
  const explanation = members
    .map(({ scored: { explanation: said = '' } }, i) => `${nameOf(members, i)} gave ${rounded(scores[i])}: ${said}`)
    .join('\n')
  const together = panelAggregate({ scores })
  const score = together[take]
  if (score === null) return { scored: noScore(NO_MAJORITY, judgements, explanation), usage }
  const spread = together.sd === 0 ? [] : [spreadOf(together)]
  return {
    scored: { kind: 'score', score: Number(score), explanation, judgements: [...spread, ...judgements] },
    usage,
  }
}

/** Nobody failed to answer, and together they could not tell: `unknown`, as where a judge alone cannot. */
const NO_MAJORITY: Reason = { code: 'abstained', detail: 'no score has more than half of the panel' }

function spreadOf({ sd, range }: ReturnType<typeof panelAggregate>): Judgement {
  const detail = `standard deviation ${rounded(sd)}, range ${rounded(range)}`
  return { kind: 'judge', about: 'panel', verdict: 'disagree', value: sd, detail }
}

function memberJudgements({ scored, usage }: Judged, i: number): Judgement[] {
  const about = usage.model ?? `judge ${i + 1}`
  const own: Judgement =
    scored.kind === 'score'
      ? { kind: 'judge', about, verdict: 'scored', value: scored.score }
      : { kind: 'judge', about, verdict: scored.why.code }
  return [own, ...scored.judgements]
}

function nameOf(members: readonly Judged[], i: number): string {
  return members[i]?.usage.model ?? `judge ${i + 1}`
}

function isUnreachable({ scored }: Judged): boolean {
  return scored.kind === 'none' && scored.why.code === 'judge_unreachable'
}

function rounded(value = 0): number {
  return Number(value.toPrecision(4))
}
