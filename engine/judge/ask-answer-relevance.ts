/** How far an answer answers its question: a rubric of ours, on both of them alone. */
import { askRubric } from './ask-rubric.ts'
import type { AskAbout } from './asker.ts'
import { metricTemplate } from './question.ts'

const SCALE = { low: 0, high: 4 }

const RUBRIC = `
How far the answer answers the question. Whether it is right is not asked: take every statement in it for true.
4  It answers the whole question, and says little else.
3  It answers the question, with much that was not asked for, or leaves out a minor part.
2  It answers a part of the question.
1  It is about the topic of the question, and answers next to nothing of it.
0  It does not answer: it is about something else, is empty, evades or declines without need.
A question back that is needed to answer at all, or a refusal that the question calls for, is a 3.
Abstain if the question holds nothing that could be answered.
`

export function askAnswerRelevance(question: string, answer: string): AskAbout {
  const about = askRubric({
    rubric: RUBRIC,
    scale: SCALE,
    shown: [
      { path: 'question', text: question },
      { path: 'answer', text: answer },
    ],
    promptVersion: metricTemplate('answer_relevance'),
  })
  return async (asker) => {
    const scored = await about(asker)
    return scored.kind === 'score' ? { ...scored, score: scored.score / SCALE.high } : scored
  }
}
