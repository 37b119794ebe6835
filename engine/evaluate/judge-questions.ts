/** The questions about one subject, asked of nobody. */

import type { JudgePrompt } from '../judge/question.ts'
import type { Reason } from '../model/result.ts'
import type { OfflineEval } from './offline-eval.ts'
import type { ProjectedSpan, TraceView } from './subject.ts'

export interface ShownQuestion {
  readonly prompt: JudgePrompt
  /** It is made of the answer to the one before, in whose place stands `PLACEHOLDER`. */
  readonly isAfterAnswer: boolean
}

export interface ShownSubject {
  /** Undefined for the trace or the session itself. */
  readonly spanId: string | undefined
  readonly questions: readonly ShownQuestion[]
  /** Why nothing is asked; null where something is. */
  readonly why: Reason | null
}

export const PLACEHOLDER = '(a claim that the first answer lists)'

/** Every question, each as it would be sent: of a metric that asks in steps, and of a session each of its traces, all of them. */
export async function showSubject(
  { plan, inquire }: OfflineEval,
  view: TraceView,
  span: ProjectedSpan | undefined,
  { nonce, isDirect }: { nonce: () => string; isDirect: boolean },
): Promise<ShownSubject> {
  if (inquire === null) throw new RangeError(`${plan.id} asks no judge`)
  const inquiry = inquire(view, span)
  const questions: ShownQuestion[] = []
  if (inquiry.kind === 'none') return { spanId: span?.spanId, questions, why: inquiry.why }
  let isAfterAnswer = false
  const scored = await inquiry.about({
    nonce,
    async ask(question) {
      const asked = (isDirect ? question.direct : undefined) ?? question
      questions.push({ prompt: asked, isAfterAnswer })
      // The one answer that another question is made of; to all others it is none, and the next subject's first question follows.
      const reading = question.read(JSON.stringify({ claims: [PLACEHOLDER] }))
      isAfterAnswer = reading.kind === 'answer'
      return reading.kind === 'answer' ? reading : { kind: 'none', why: { code: 'abstained' } }
    },
  })
  return { spanId: span?.spanId, questions, why: questions.length === 0 && scored.kind === 'none' ? scored.why : null }
}
