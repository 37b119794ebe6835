import type { Result } from '../../client/api.ts'

/** In one line. */
export function resultReason({ evidence, reason, explanation }: Result): string {
  const [first] = evidence
  if (first !== undefined) {
    const more = evidence.length > 1 ? ` and ${evidence.length - 1} more` : ''
    return `${first.field}: ${first.masked} (${first.pattern})${more}`
  }
  if (explanation !== undefined) return explanation
  if (reason === undefined) return ''
  return [reason.code.replaceAll('_', ' '), reason.field ?? reason.detail].filter(Boolean).join(': ')
}

/** Whole: evidence, reason, what the judge said. */
export function ResultWhy({ result }: { result: Result }) {
  const { evidence, reason, explanation, judge, judgements = [] } = result
  return (
    <>
      {explanation !== undefined && <p>{explanation}</p>}
      {evidence.length > 0 && (
        <dl className="pairs">
          {evidence.map((one) => (
            <div key={`${one.field} ${one.start} ${one.pattern} ${one.spanId ?? ''}`}>
              <dt>{one.pattern}</dt>
              <dd>
                <code>{one.masked}</code>{' '}
                <span className="faint">
                  {one.field}, {one.start}–{one.end}
                </span>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {judgements.length > 0 && <Judgements judgements={judgements} />}
      {reason !== undefined && (
        <p>
          {reason.code.replaceAll('_', ' ')}
          {reason.field !== undefined && (
            <>
              : <code>{reason.field}</code>
            </>
          )}
          {reason.detail !== undefined && `: ${reason.detail}`}
        </p>
      )}
      {judge !== undefined && (
        <p className="faint">
          judged by {judge.model}
          {judge.inputTokens !== undefined && `, ${judge.inputTokens} + ${judge.outputTokens ?? 0} tokens`}
        </p>
      )}
    </>
  )
}

type Judgement = NonNullable<Result['judgements']>[number]

/** The steps behind a judge's score: each claim, document or quote, and what was found of it. */
function Judgements({ judgements }: { judgements: readonly Judgement[] }) {
  return (
    <details>
      <summary className="faint">
        {judgements.length} {judgements.length === 1 ? 'step' : 'steps'} behind the score
      </summary>
      <ol className="judgements">
        {judgements.map((one, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: steps of one judgement never change places
          <li key={index}>
            <span className="faint">{one.kind}</span> {one.about}: <strong>{one.verdict}</strong>
            {one.quote !== undefined && <q>{one.quote}</q>}
            {one.detail !== undefined && <span className="faint"> {one.detail}</span>}
          </li>
        ))}
      </ol>
    </details>
  )
}
