import type { EvalPromptResponse } from '../../server/schemas.ts'
import { requestOf } from '../../workers/offline/completion.ts'
import { parseJudgeName } from '../../workers/offline/providers.ts'
import { printable } from '../commands/printable.ts'

type Shown = EvalPromptResponse['subjects'][number]
type Question = Shown['questions'][number]

const ALL = { format: 'json_schema', temperature: true, logprobs: true } as const
const BY_CONFIGURATION = 'the judge of the configuration'

/** One object: for each subject its calls, each with the body that is sent to the first of the judges. */
export function showJson({ judges, subjects, ...about }: EvalPromptResponse): string {
  const [first] = judges
  const model = first === undefined ? BY_CONFIGURATION : parseJudgeName(first).model
  const shown = {
    ...about,
    judges,
    subjects: subjects.map(({ questions, ...subject }) => ({
      ...subject,
      calls: questions.map((question) => ({
        promptVersion: question.promptVersion,
        ...(question.hasPlaceholder === true && { hasPlaceholder: true }),
        cut: question.cut,
        request: requestOf(model, question.messages, question, ALL),
      })),
    })),
  }
  return `${JSON.stringify(shown)}\n`
}

/** `server`: whose definitions they are, where they are not those at hand. */
export function showText(prompts: EvalPromptResponse, server: string | null): string {
  const { judges, fallbacks, session, traces = [], subjects, notShown } = prompts
  const standIns = fallbacks.length === 0 ? '' : `, else ${fallbacks.join(', ')}`
  const about =
    session === undefined
      ? `trace ${prompts.traceId}`
      : `session ${printable(session)}: ${traces.length} ${traces.length === 1 ? 'trace' : 'traces'}, the first is ${prompts.traceId}`
  const lines = [
    `${prompts.eval} of ${about}`,
    ...(server === null ? [] : [`by the definitions in force at ${server}`]),
    `asks: ${judges.length === 0 ? BY_CONFIGURATION : judges.join(', ')}${standIns}; at temperature 0. The marks of blocks are drawn anew for each call.`,
  ]
  for (const { spanId, questions, notAsked } of subjects) {
    if (spanId !== undefined) lines.push('', `span ${spanId}`)
    if (notAsked !== undefined) lines.push('', `nothing is asked: ${printable(notAsked)}`)
    lines.push(...questions.flatMap((question, i) => questionLines(question, i + 1, questions.length)))
  }
  if (notShown !== undefined) lines.push('', `${notShown} more are in scope: --span with a whole id shows one of them`)
  return `${lines.join('\n')}\n`
}

function questionLines(question: Question, number: number, count: number): string[] {
  const { promptVersion, hasPlaceholder, messages } = question
  const which = count === 1 ? 'the question' : `question ${number} of ${count}`
  const cut = question.cut.map(({ path, chars, shownChars }) => `${path} (${shownChars} of ${chars} characters)`)
  return [
    '',
    `=== ${which}, ${promptVersion}${hasPlaceholder ? '; with a placeholder for what the answer before it says' : ''}`,
    ...(cut.length === 0 ? [] : [`=== cut: ${cut.join(', ')}`]),
    ...messages.flatMap(({ role, content }) => [`--- ${role}`, ...content.split('\n').map(printable)]),
  ]
}
