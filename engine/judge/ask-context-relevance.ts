/** How well what was retrieved serves the query, and how well it is ranked. */
import { type RetrievalMetrics, retrievalMetrics } from '../metrics/retrieval-metrics.ts'
import type { Judgement } from '../model/result.ts'
import { type AskAbout, noScore } from './asker.ts'
import { gradesQuestion } from './grades.ts'

export interface RankedDocuments {
  query: string
  documents: readonly { id: string | undefined; text: string }[]
  /** Only so many of the first are graded. */
  k: number
  take: keyof RetrievalMetrics
}

export function askContextRelevance({ query, documents, k, take }: RankedDocuments): AskAbout {
  const first = documents.slice(0, k)
  return async (asker) => {
    if (first.length === 0) return noScore({ code: 'nothing_to_measure', detail: 'nothing was retrieved' })
    const texts = first.map(({ text }) => text)
    const told = await asker.ask(gradesQuestion(query, texts, asker.nonce()))
    if (told.kind === 'none') return noScore(told.why)
    const judgements = told.answer.map(
      ({ grade, reason }, i): Judgement => ({
        kind: 'document',
        about: first[i]?.id ?? `${i + 1}`,
        verdict: `grade ${grade}`,
        value: grade,
        ...(reason !== '' && { detail: reason }),
      }),
    )
    const grades = told.answer.map(({ grade }) => grade)
    const measured = retrievalMetrics({ relevance: grades, k })
    if (measured === null) return noScore({ code: 'nothing_to_measure', detail: 'nothing was retrieved' })
    const explanation = `grades of the first ${first.length}: ${grades.join(', ')}`
    return { kind: 'score', score: measured[take], explanation, judgements }
  }
}
