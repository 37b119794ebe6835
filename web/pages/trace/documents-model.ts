/** Retrieved documents: how relevant each is by its retriever and by judges, and what verdicts matched in it. */
import type { Result } from '../../../client/api.ts'
import type { SpanJson } from '../../../engine/model/span-json.ts'
import type { Mark, Trace, TraceSpan } from './trace-model.ts'

export type ShownDocument = NonNullable<NonNullable<SpanJson['retrieval']>['documents']>[number]

export interface Relevance {
  readonly evalId: string
  readonly verdict: string
  readonly value: number | undefined
  readonly detail: string | undefined
}

/** By judges, of each document in turn: by its id, or by its number where the verdict is on this very retrieval. */
export function relevancesOf(trace: Trace, span: TraceSpan, documents: readonly ShownDocument[]): Relevance[][] {
  const all: Result[] = [...span.results, ...trace.results]
  return documents.map(({ id }, index) =>
    all.flatMap((result) => {
      const isOfSpan = span.results.includes(result)
      return (result.judgements ?? [])
        .filter(({ kind, about }) => kind === 'document' && (about === id || (isOfSpan && about === `${index + 1}`)))
        .map(({ verdict, value, detail }) => ({ evalId: result.eval, verdict, value, detail }))
    }),
  )
}

const BETWEEN = '\n\n'

/** Evals see the texts of all documents as one; each mark goes to the document in which it lies. */
export function marksByDocument(marks: readonly Mark[], documents: readonly ShownDocument[]): Mark[][] {
  let at = 0
  return documents.map(({ text }) => {
    if (text === undefined) return []
    const [from, to] = [at, at + text.length]
    at = to + BETWEEN.length
    return marks
      .filter(({ start, end }) => start < to && end > from)
      .map((mark) => ({ ...mark, start: Math.max(0, mark.start - from), end: Math.min(text.length, mark.end - from) }))
  })
}
