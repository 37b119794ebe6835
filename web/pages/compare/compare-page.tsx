import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { type ReactNode, useMemo } from 'react'
import { api } from '../../data/api.ts'
import { formatCost, formatCount, formatDuration, formatUsd } from '../../parts/format.ts'
import { packageAndName } from '../../parts/ids.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { Verdict } from '../../parts/verdict.tsx'
import { type Trace, traceOf } from '../trace/trace-model.ts'
import { Choose } from './choose.tsx'
import { alignVerdicts } from './compare-model.ts'
import { Steps } from './steps.tsx'
import './compare.css'

const route = getRouteApi('/traces/compare')

/** Two traces, side by side: the address names them. */
export function ComparePage() {
  const { left, right } = route.useSearch()
  const one = useTrace(left)
  const other = useTrace(right)
  const problem = one.error ?? other.error
  return (
    <>
      <PageHead title="Compare two traces">
        {left !== undefined && right !== undefined && (
          <Link className="button" to="/traces/compare" search={{ left: right, right: left }} replace>
            Swap
          </Link>
        )}
      </PageHead>
      {(left === undefined || right === undefined) && <Choose left={left} trace={one.trace} />}
      {problem !== null && <ProblemNote error={problem} />}
      {problem === null && left !== undefined && right !== undefined && (one.isPending || other.isPending) && (
        <Loading what="both traces" />
      )}
      {one.trace !== null && other.trace !== null && <Compared left={one.trace} right={other.trace} />}
    </>
  )
}

function useTrace(traceId: string | undefined) {
  const { data, error, isPending } = useQuery({
    queryKey: ['trace', traceId],
    queryFn: ({ signal }) => api.getTrace(traceId!, signal),
    enabled: traceId !== undefined,
  })
  const trace = useMemo(() => (data === undefined ? null : traceOf(data)), [data])
  return { trace, error, isPending }
}

function Compared({ left, right }: { left: Trace; right: Trace }) {
  const verdicts = useMemo(() => alignVerdicts(left, right), [left, right])
  return (
    <>
      <section aria-labelledby="numbers">
        <h2 id="numbers">In numbers</h2>
        <Table
          caption="Both traces in numbers"
          columns={[
            { head: 'What', kind: 'head', cell: ({ what }) => what },
            { head: 'One', cell: ({ of }) => of(left) },
            { head: 'The other', cell: ({ of }) => of(right) },
            { head: 'Difference', kind: 'number', cell: ({ difference }) => difference?.(left, right) ?? '' },
          ]}
          rows={NUMBERS}
          keyOf={({ what }) => what}
        />
      </section>
      <section aria-labelledby="verdicts">
        <h2 id="verdicts">Verdicts</h2>
        {verdicts.length === 0 ? (
          <p className="faint">No eval says anything of either.</p>
        ) : (
          <Table
            caption="What evals say of both, differences first"
            columns={[
              {
                head: 'Eval',
                kind: 'head',
                cell: ({ evalId }) => (
                  <Link to="/evals/$packageName/$name" params={packageAndName(evalId)}>
                    {evalId}
                  </Link>
                ),
              },
              { head: 'One', cell: (pair) => (pair.left === undefined ? '–' : <Verdict verdict={pair.left} />) },
              {
                head: 'The other',
                cell: (pair) => (pair.right === undefined ? '–' : <Verdict verdict={pair.right} />),
              },
              { head: 'Difference', cell: (pair) => (pair.left === pair.right ? '' : 'differs') },
            ]}
            rows={verdicts}
            keyOf={({ evalId }) => evalId}
          />
        )}
      </section>
      <Steps left={left} right={right} />
    </>
  )
}

interface Numbers {
  readonly what: string
  readonly of: (trace: Trace) => ReactNode
  readonly difference?: (left: Trace, right: Trace) => string
}

const signed = (value: number, format: (value: number) => string): string =>
  value === 0 ? 'none' : `${value > 0 ? '+' : '−'}${format(Math.abs(value))}`

const NUMBERS: readonly Numbers[] = [
  {
    what: 'Trace',
    of: ({ traceId, rows }) => (
      <Link to="/traces/$traceId" params={{ traceId }}>
        {rows[0]!.span.input?.text?.slice(0, 120) || rows[0]!.span.name}
      </Link>
    ),
  },
  {
    what: 'Agent',
    of: ({ rows }) => [rows[0]!.span.agent?.name, rows[0]!.span.agent?.version].filter(Boolean).join(' ') || '–',
  },
  { what: 'Began', of: ({ startTime }) => <Time at={startTime} /> },
  {
    what: 'Took',
    of: ({ durationMs }) => formatDuration(durationMs),
    difference: (left, right) => signed(right.durationMs - left.durationMs, formatDuration),
  },
  {
    what: 'Spans',
    of: ({ rows, failedSpans }) => `${formatCount(rows.length)}${failedSpans > 0 ? `, ${failedSpans} failed` : ''}`,
    difference: (left, right) => signed(right.rows.length - left.rows.length, formatCount),
  },
  {
    what: 'Tool calls',
    of: (trace) => formatCount(toolCalls(trace)),
    difference: (left, right) => signed(toolCalls(right) - toolCalls(left), formatCount),
  },
  {
    what: 'Tokens in',
    of: ({ inputTokens }) => formatCount(inputTokens),
    difference: (left, right) => signed(right.inputTokens - left.inputTokens, formatCount),
  },
  {
    what: 'Tokens out',
    of: ({ outputTokens }) => formatCount(outputTokens),
    difference: (left, right) => signed(right.outputTokens - left.outputTokens, formatCount),
  },
  {
    what: 'Cost',
    of: ({ costUsd, inputTokens, outputTokens }) => formatCost(costUsd, inputTokens + outputTokens),
    difference: (left, right) =>
      left.costUsd === null || right.costUsd === null ? '' : signed(right.costUsd - left.costUsd, formatUsd),
  },
]

const toolCalls = ({ rows }: Trace): number => rows.filter(({ span }) => span.kind === 'tool').length
