/** One judge with its stand-ins, or several whose scores are taken together. */
import type { JudgePlan } from '../../dsl/plan.ts'
import { type JudgedScore, noScore } from '../../engine/judge/asker.ts'
import type { Judgement } from '../../engine/model/result.ts'
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
 * most, so that no model is asked twice and counted as two; a member without a stand-in leaves the subject without a score,
 * as does one that abstains, refuses or answers nonsense: what the others say together would measure something else. A panel
 * that takes the majority abstains where no score has more than half of its members.
 */
export async function judgeByPanel(judges: JudgePlan, judgeBy: JudgeBy): Promise<Judged> {
  if (judges.models.length === 1) return judgeBy([...judges.models, ...judges.fallbacks])
  const members = await Promise.all(judges.models.map((model) => judgeBy([model])))
  const standIns = judges.fallbacks.filter((model) => !judges.models.includes(model))
  for (const [i, member] of members.entries()) {
    let latest = member
    while (isUnreachable(latest) && standIns.length > 0) latest = await judgeBy(standIns.splice(0, 1))
    members[i] = latest
  }
  return combine(members, judges.take ?? 'mean')
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
  if (score === null) return { scored: noScore({ code: 'abstained' }, judgements, explanation), usage }
  const spread = together.sd === 0 ? [] : [spreadOf(together)]
  return {
    scored: { kind: 'score', score: Number(score), explanation, judgements: [...spread, ...judgements] },
    usage,
  }
}

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
