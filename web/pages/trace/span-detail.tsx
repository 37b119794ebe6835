import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { formatCount, formatDuration, formatScore, formatUsd } from '../../parts/format.ts'
import { packageAndName } from '../../parts/ids.ts'
import { ResultWhy } from '../../parts/result-why.tsx'
import { Verdict } from '../../parts/verdict.tsx'
import { Documents } from './documents.tsx'
import { Json } from './json.tsx'
import { MarkedText } from './marked-text.tsx'
import { type Marks, marksOf, type Trace, type TraceSpan } from './trace-model.ts'
import { Why } from './why.tsx'

/** All that is known of one span, the verdicts on it first. */
export function SpanDetail({ trace, span, marks }: { trace: Trace; span: TraceSpan; marks: Marks }) {
  const text = (label: string, value: string | undefined, field: string): ReactNode =>
    value !== undefined && (
      <Section title={label}>
        <MarkedText key={span.spanId} text={value} marks={marksOf(marks, span.spanId, field)} />
      </Section>
    )
  return (
    <article className="detail" aria-label={`Span ${span.name}`}>
      <header>
        <h2>{span.name}</h2>
        <p className="faint">
          {[
            span.kind,
            span.model,
            span.provider,
            span.tool?.name,
            formatDuration(span.durationMs),
            span.status === 'unset' ? undefined : span.status,
          ]
            .filter(Boolean)
            .join(' · ')}
        </p>
        <Usage span={span} />
      </header>
      {span.results.length > 0 && (
        <Section title="Verdicts">
          <ul className="verdicts">
            {span.results.map((result) => (
              <li key={`${result.eval} ${result.runId ?? ''}`}>
                <div className="verdict-line">
                  <Verdict verdict={result.verdict} />
                  <Link to="/evals/$packageName/$name" params={packageAndName(result.eval)}>
                    {result.eval}
                  </Link>
                  {result.score !== undefined && (
                    <span className="number">{formatScore(result.score, result.scoreUnit)}</span>
                  )}
                </div>
                <ResultWhy result={result} />
                <Why traceId={trace.traceId} evalId={result.eval} spanId={result.spanId} />
              </li>
            ))}
          </ul>
        </Section>
      )}
      {(span.errorMessage ?? span.statusMessage) !== undefined && (
        <Section title="Error">
          <div className="text text-error">{span.errorMessage ?? span.statusMessage}</div>
        </Section>
      )}
      {text('Input', span.input?.text, 'input.text')}
      {text('Output', span.output?.text, 'output.text')}
      {text('Arguments', span.tool?.arguments, 'arguments.text')}
      {text('Result', span.tool?.result, 'result.text')}
      {text('Query', span.retrieval?.query, 'query.text')}
      {span.retrieval?.documents !== undefined && (
        <Section title={`Documents (${span.retrieval.documents.length})`}>
          <Documents
            trace={trace}
            span={span}
            documents={span.retrieval.documents}
            marks={marksOf(marks, span.spanId, 'documents.text')}
          />
        </Section>
      )}
      <More title="Attributes" value={span.attributes} />
      <More title="Resource" value={span.resource} />
      <More title="Events" value={span.events} />
      <More title="Links" value={span.links} />
      <p className="faint ids">
        span <code>{span.spanId}</code>
        {span.parentSpanId !== undefined && (
          <>
            {' '}
            · parent <code>{span.parentSpanId}</code>
          </>
        )}{' '}
        · read as {span.convention}
      </p>
    </article>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  )
}

function More({ title, value }: { title: string; value: object | undefined }) {
  const count = value === undefined ? 0 : Object.keys(value).length
  if (value === undefined || count === 0) return null
  return (
    <details>
      <summary>
        {title} <span className="faint">{formatCount(count)}</span>
      </summary>
      <Json value={value} />
    </details>
  )
}

function Usage({ span }: { span: TraceSpan }) {
  const { tokens = {}, costUsd, timeToFirstTokenMs, finishReason } = span
  const facts = [
    tokens.input !== undefined && `${formatCount(tokens.input)} tokens in`,
    tokens.cachedInput !== undefined && `${formatCount(tokens.cachedInput)} of them cached`,
    tokens.output !== undefined && `${formatCount(tokens.output)} out`,
    tokens.reasoning !== undefined && `${formatCount(tokens.reasoning)} of them reasoning`,
    costUsd !== undefined && `${formatUsd(costUsd)}${span.costSource === 'price_table' ? ' by the price table' : ''}`,
    timeToFirstTokenMs !== undefined && `first token after ${formatDuration(timeToFirstTokenMs)}`,
    finishReason !== undefined && `ended: ${finishReason}`,
  ].filter((fact) => fact !== false)
  return facts.length === 0 ? null : <p className="faint">{facts.join(' · ')}</p>
}
