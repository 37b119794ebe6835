/** One judge with its stand-ins, or several whose scores are taken together. */
import type { JudgePlan } from '../../dsl/plan.ts'
import type { JudgePrompt, Scale } from '../../engine/judge/prompt.ts'
import { panelAggregate } from '../../engine/statistics/panel-aggregate.ts'
import type { JudgeUsage } from './completion.ts'
import type { JudgeClient, JudgeOutcome } from './judge-client.ts'
import { type Provider, parseJudgeName } from './providers.ts'

/**
 * A single judge fails over to its fallbacks in order. On a panel each fallback stands in for one unreachable member at the
 * most, so that no model is asked twice and counted as two; a member without a stand-in leaves the subject without a score,
 * as does one that abstains, refuses or answers nonsense: what the others say together would measure something else. A panel
 * that takes the majority abstains where no score has more than half of its members.
 */
export async function askPanel(
  client: JudgeClient,
  judges: JudgePlan,
  prompt: JudgePrompt,
  scale: Scale,
  signal: AbortSignal,
): Promise<JudgeOutcome> {
  if (judges.models.length === 1) return client.ask([...judges.models, ...judges.fallbacks], prompt, scale, signal)
  const outcomes = await Promise.all(judges.models.map((model) => client.ask([model], prompt, scale, signal)))
  const standIns = judges.fallbacks.filter((model) => !judges.models.includes(model))
  for (const [i, outcome] of outcomes.entries()) {
    let latest = outcome
    while (latest.kind === 'unreachable' && standIns.length > 0)
      latest = await client.ask(standIns.splice(0, 1), prompt, scale, signal)
    outcomes[i] = latest
  }
  return combine(outcomes, judges.take ?? 'mean')
}

/** Names of judges that would have to have a provider for the eval to run; empty when it can. */
export function providersLacking(judges: JudgePlan, providers: ReadonlyMap<string, Provider>): string[] {
  const known = (model: string) => providers.has(parseJudgeName(model).provider)
  if (judges.models.length > 1) return judges.models.filter((model) => !known(model))
  const all = [...judges.models, ...judges.fallbacks]
  return all.some(known) ? [] : all
}

function combine(outcomes: readonly JudgeOutcome[], take: NonNullable<JudgePlan['take']>): JudgeOutcome {
  const usages = outcomes.flatMap((outcome) => (outcome.kind === 'aborted' ? [] : [outcome.usage]))
  const usage: JudgeUsage = {
    model: usages.flatMap(({ model }) => model ?? []).join(', ') || undefined,
    inputTokens: sum(usages.map(({ inputTokens }) => inputTokens)),
    outputTokens: sum(usages.map(({ outputTokens }) => outputTokens)),
  }
  for (const kind of ['aborted', 'unreachable', 'malformed', 'refused'] as const) {
    const failed = outcomes.find((outcome) => outcome.kind === kind)
    if (failed !== undefined) return failed.kind === 'aborted' ? failed : { ...failed, usage }
  }
  const answers = outcomes.flatMap((outcome) => (outcome.kind === 'answered' ? [outcome.answer] : []))
  const abstained = answers.find(({ kind }) => kind === 'abstain')
  if (abstained !== undefined) return { kind: 'answered', answer: abstained, usage }
  const scores = answers.flatMap((answer) => (answer.kind === 'score' ? [answer.score] : []))
  // What each said is kept: how far they disagree is read from it.
  const explanation = answers
    .map((answer, i) => `${usages[i]?.model ?? `judge ${i + 1}`} gave ${scores[i]}: ${answer.explanation}`)
    .join('\n')
  const quotes = answers.flatMap((answer) => (answer.kind === 'score' ? answer.quotes : []))
  const score = panelAggregate({ scores })[take]
  if (score === null) return { kind: 'answered', answer: { kind: 'abstain', explanation }, usage }
  return { kind: 'answered', answer: { kind: 'score', score: Number(score), explanation, quotes }, usage }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
