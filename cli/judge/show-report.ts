import type { JudgePlan, OfflineEvalPlan } from '../../dsl/plan.ts'
import type { ShownQuestion, ShownSubject } from '../../engine/evaluate/judge-questions.ts'
import type { Reason } from '../../engine/model/result.ts'
import { requestOf } from '../../workers/offline/completion.ts'
import { parseJudgeName } from '../../workers/offline/providers.ts'
import { printable } from '../commands/printable.ts'

const ALL = { format: 'json_schema', temperature: true, logprobs: true } as const
const BY_CONFIGURATION = 'the judge of the configuration'

/** One object: for each subject its calls, each with the body that is sent to the first of the judges. */
export function showJson(
  evalPlan: OfflineEvalPlan,
  judge: JudgePlan | null,
  traceId: string,
  subjects: readonly ShownSubject[],
): string {
  const [first = BY_CONFIGURATION] = judge?.models ?? []
  const { model } = judge === null ? { model: first } : parseJudgeName(first)
  const shown = {
    eval: evalPlan.id,
    traceId,
    judges: judge?.models ?? [],
    fallbacks: judge?.fallbacks ?? [],
    subjects: subjects.map(({ spanId, questions, why }) => ({
      ...(spanId !== undefined && { spanId }),
      ...(why !== null && { notAsked: why }),
      calls: questions.map(({ prompt, isAfterAnswer }) => ({
        promptVersion: prompt.promptVersion,
        ...(isAfterAnswer && { hasPlaceholder: true }),
        cut: prompt.cut,
        request: requestOf(model, prompt.messages, prompt, ALL),
      })),
    })),
  }
  return `${JSON.stringify(shown)}\n`
}

export function showText(
  evalPlan: OfflineEvalPlan,
  judge: JudgePlan | null,
  traceId: string,
  subjects: readonly ShownSubject[],
): string {
  const standIns = judge === null || judge.fallbacks.length === 0 ? '' : `, else ${judge.fallbacks.join(', ')}`
  const lines = [
    `${evalPlan.id} of trace ${traceId}`,
    `asks: ${(judge?.models ?? [BY_CONFIGURATION]).join(', ')}${standIns}; at temperature 0. The marks of blocks are drawn anew for each call.`,
  ]
  for (const { spanId, questions, why } of subjects) {
    if (spanId !== undefined) lines.push('', `span ${spanId}`)
    if (why !== null) lines.push('', `nothing is asked: ${reasonText(why)}`)
    lines.push(...questions.flatMap((question, i) => questionLines(question, i + 1, questions.length)))
  }
  return `${lines.join('\n')}\n`
}

function questionLines({ prompt, isAfterAnswer }: ShownQuestion, number: number, count: number): string[] {
  const which = count === 1 ? 'the question' : `question ${number} of ${count}`
  const cut = prompt.cut.map(({ path, chars, shownChars }) => `${path} (${shownChars} of ${chars} characters)`)
  return [
    '',
    `=== ${which}, ${prompt.promptVersion}${isAfterAnswer ? '; with a placeholder for what the answer before it says' : ''}`,
    ...(cut.length === 0 ? [] : [`=== cut: ${cut.join(', ')}`]),
    ...prompt.messages.flatMap(({ role, content }) => [`--- ${role}`, ...content.split('\n').map(printable)]),
  ]
}

function reasonText(why: Reason): string {
  const about = 'field' in why ? why.field : 'detail' in why ? why.detail : undefined
  return about === undefined ? why.code : `${why.code}: ${about}`
}
