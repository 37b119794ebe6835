/** A rubric's score. */
import type { Judgement } from '../model/result.ts'
import type { RubricAnswer } from './answer.ts'
import { type AskAbout, noScore } from './asker.ts'
import { standsIn } from './documents.ts'
import { buildPrompt, type Scale } from './prompt.ts'
import type { Question } from './question.ts'
import type { WindowedText } from './window.ts'

export interface RubricSubject {
  rubric: string
  scale: Scale
  shown: readonly WindowedText[]
  /** Of a rubric that is not the eval's own. */
  promptVersion?: string
}

export function askRubric({ rubric, scale, shown, promptVersion }: RubricSubject): AskAbout {
  return async (asker) => {
    const question = buildPrompt({ rubric, scale, shown, nonce: asker.nonce() })
    const told = await asker.ask(promptVersion === undefined ? question : versioned(question, promptVersion))
    if (told.kind === 'none') return noScore(told.why)
    const { answer } = told
    const explanation = answer.explanation === '' ? undefined : answer.explanation
    if (answer.kind === 'abstain') return noScore({ code: 'abstained' }, [], explanation)
    const texts = shown.map(({ text }) => text)
    const judgements = answer.quotes.map(
      (quote): Judgement => ({ kind: 'quote', about: quote, verdict: standsIn(quote, texts) ? 'found' : 'not found' }),
    )
    return { kind: 'score', score: answer.score, judgements, ...(explanation !== undefined && { explanation }) }
  }
}

/** A metric's scores are of one kind, whoever is asked. */
function versioned({ direct: _, ...question }: Question<RubricAnswer>, promptVersion: string): Question<RubricAnswer> {
  return { ...question, promptVersion }
}
