/** Citation quality of an answer. */
import { citationQuality } from '../metrics/claims.ts'
import type { Judgement } from '../model/result.ts'
import { type AskAbout, noScore } from './asker.ts'
import { citationsQuestion, type JudgedStatement } from './citations.ts'

export interface CitedAnswer {
  answer: string
  documents: readonly { id: string | undefined; text: string }[]
  take: 'f1' | 'precision' | 'recall'
}

export function askCitations({ answer, documents, take }: CitedAnswer): AskAbout {
  return async (asker) => {
    const told = await asker.ask(citationsQuestion(answer, documents, asker.nonce()))
    if (told.kind === 'none') return noScore(told.why)
    const statements = told.answer
    const judgements = statements.flatMap((statement) => judgementsOf(statement, documents))
    const measured = citationQuality({ statements })
    const score = measured[take]
    if (score === null) {
      const detail = statements.length === 0 ? 'the answer states nothing' : 'the answer cites nothing'
      return noScore({ code: 'nothing_to_measure', detail }, judgements)
    }
    const supported = statements.filter(({ isSupported }) => isSupported).length
    const cited = statements.reduce((sum, { citations }) => sum + citations.length, 0)
    const explanation = `${supported} of ${statements.length} statements are supported by what they cite, ${cited} citations`
    return { kind: 'score', score, explanation, judgements }
  }
}

function judgementsOf(
  { text, isSupported, citations }: JudgedStatement,
  documents: CitedAnswer['documents'],
): Judgement[] {
  const verdict = isSupported ? 'supported' : citations.length === 0 ? 'not cited' : 'unsupported'
  return [
    { kind: 'statement', about: text, verdict },
    ...citations.map(({ document, supportsAlone, isSpare }): Judgement => {
      const isOfUse = isSupported && (supportsAlone || !isSpare)
      return {
        kind: 'citation',
        about: documents[document - 1]?.id ?? `${document}`,
        verdict: isOfUse ? 'of use' : 'of no use',
      }
    }),
  ]
}
