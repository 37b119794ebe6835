import { Link } from '@tanstack/react-router'
import { formatCount, formatDuration, formatUsd } from '../../parts/format.ts'
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
      <dl className="facts">
        <Fact name="Agent" value={[root.agent?.name, root.agent?.version].filter(Boolean).join(' ')} />
        <Fact name="Environment" value={root.env} />
        <div>
          <dt>Began</dt>
          <dd>
            <Time at={trace.startTime} />
          </dd>
        </div>
        <Fact name="Took" value={formatDuration(trace.durationMs)} />
        <Fact name="Spans" value={`${formatCount(trace.rows.length)}${trace.isTruncated ? ' and more' : ''}`} />
        {trace.failedSpans > 0 && <Fact name="Failed" value={formatCount(trace.failedSpans)} />}
        <Fact name="Tokens" value={`${formatCount(trace.inputTokens)} in, ${formatCount(trace.outputTokens)} out`} />
        {trace.costUsd > 0 && <Fact name="Cost" value={formatUsd(trace.costUsd)} />}
        {root.session !== undefined && (
          <div>
            <dt>Session</dt>
            <dd>
              <Link to="/traces" search={{ session: root.session.id, since: '7d' }}>
                {root.session.id}
              </Link>
            </dd>
          </div>
        )}
        <Fact name="User" value={root.user?.id} />
        <Fact name="Trace" value={trace.traceId} isCode />
      </dl>
      <VerdictSummary trace={trace} />
    </>
  )
}

function Fact({ name, value, isCode = false }: { name: string; value: string | undefined; isCode?: boolean }) {
  if (value === undefined || value === '') return null
  return (
    <div>
      <dt>{name}</dt>
      <dd>{isCode ? <code>{value}</code> : value}</dd>
    </div>
  )
}
