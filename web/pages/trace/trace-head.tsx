import { Link } from '@tanstack/react-router'
import { Cost } from '../../parts/cost.tsx'
import { Fact, Facts } from '../../parts/facts.tsx'
import { formatCount, formatDuration } from '../../parts/format.ts'
import { PageHead } from '../../parts/page-head.tsx'
import { Time } from '../../parts/time.tsx'
import { AsTest } from './as-test.tsx'
import type { TraceView } from './search.ts'
import { summaryOf, type Trace } from './trace-model.ts'
import { VerdictSummary } from './verdict-summary.tsx'

const VIEWS: readonly { view: TraceView; label: string }[] = [
  { view: 'spans', label: 'Spans' },
  { view: 'conversation', label: 'Conversation' },
]

export function TraceHead({ trace }: { trace: Trace }) {
  const { span: root } = trace.rows[0]!
  return (
    <>
      <PageHead title={root.name}>
        <nav className="segmented" aria-label="Views of the trace">
          {VIEWS.map(({ view: one, label }) => (
            <Link
              key={one}
              to="/traces/$traceId"
              params={{ traceId: trace.traceId }}
              search={(before) => {
                const { view: _, ...others } = before
                return one === 'spans' ? others : { ...others, view: one }
              }}
              activeOptions={{ exact: true, includeSearch: true }}
              replace
            >
              {label}
            </Link>
          ))}
        </nav>
        <Link className="button" to="/traces/compare" search={{ left: trace.traceId }}>
          Compare with…
        </Link>
        <AsTest traceId={trace.traceId} evals={summaryOf(trace).map(({ evalId }) => evalId)} />
      </PageHead>
      <Facts>
        <Fact name="Agent">{[root.agent?.name, root.agent?.version].filter(Boolean).join(' ')}</Fact>
        <Fact name="Environment">{root.env}</Fact>
        <Fact name="Began">
          <Time at={trace.startTime} />
        </Fact>
        <Fact name="Took">{formatDuration(trace.durationMs)}</Fact>
        <Fact name="Spans">{`${formatCount(trace.rows.length)}${trace.isTruncated ? ' and more' : ''}`}</Fact>
        {trace.failedSpans > 0 && <Fact name="Failed">{formatCount(trace.failedSpans)}</Fact>}
        <Fact name="Tokens">{`${formatCount(trace.inputTokens)} in, ${formatCount(trace.outputTokens)} out`}</Fact>
        <Fact name="Cost">
          <Cost usd={trace.costUsd} tokens={trace.inputTokens + trace.outputTokens} of="agents" />
        </Fact>
        {root.session !== undefined && (
          <Fact name="Session">
            <Link to="/sessions/$sessionId" params={{ sessionId: root.session.id }}>
              {root.session.id}
            </Link>
          </Fact>
        )}
        <Fact name="User">{root.user?.id}</Fact>
        <Fact name="Trace">
          <code>{trace.traceId}</code>
        </Fact>
      </Facts>
      <VerdictSummary trace={trace} />
    </>
  )
}
