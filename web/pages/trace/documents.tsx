import { marksByDocument, relevancesOf, type ShownDocument } from './documents-model.ts'
import { MarkedText } from './marked-text.tsx'
import type { Mark, Trace, TraceSpan } from './trace-model.ts'

/** By rank, each with its retriever's score and what judges say of its relevance. */
export function Documents({
  trace,
  span,
  documents,
  marks: found,
}: {
  trace: Trace
  span: TraceSpan
  documents: readonly ShownDocument[]
  /** In the texts of all of them as one. */
  marks: readonly Mark[]
}) {
  if (documents.length === 0) return <p className="faint">Nothing was found.</p>
  const relevances = relevancesOf(trace, span, documents)
  const marks = marksByDocument(found, documents)
  const highest = Math.max(...documents.map(({ score = 0 }) => score))
  return (
    <ol className="documents">
      {documents.map((document, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: by rank, which never changes
        <li key={index}>
          <p className="document-head">
            <span className="faint">{index + 1}</span>
            <code>{document.id ?? 'without an id'}</code>
            {document.score !== undefined && (
              <span className="number" title="The retriever's own score">
                score {document.score.toPrecision(3)}
                {highest > 0 && document.score >= 0 && (
                  <span className="score-bar" aria-hidden="true">
                    <span style={{ width: `${(document.score / highest) * 100}%` }} />
                  </span>
                )}
              </span>
            )}
          </p>
          {relevances[index]!.map(({ evalId, verdict, detail }) => (
            <p key={evalId}>
              <span className="faint">relevance by {evalId}:</span> <strong>{verdict}</strong>
              {detail !== undefined && <span className="faint"> {detail}</span>}
            </p>
          ))}
          {document.text !== undefined && <MarkedText key={span.spanId} text={document.text} marks={marks[index]!} />}
        </li>
      ))}
    </ol>
  )
}
