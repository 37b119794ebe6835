import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Eval, EvalTrendsResponse, OfflineResponse } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Empty } from '../../parts/empty.tsx'
import { formatCount, formatShare } from '../../parts/format.ts'
import { packageAndName } from '../../parts/ids.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { scheduleWords } from '../../parts/schedule-words.ts'
import { Sparkline } from '../../parts/sparkline.tsx'
import { Table } from '../../parts/table.tsx'
import { VerdictCounts } from '../../parts/verdict.tsx'
import { spendText } from '../runs/run-words.ts'
import { useOffline } from '../runs/use-offline.ts'
import './evals.css'

const TREND = '7d'

export function EvalsPage() {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['evals'],
    queryFn: ({ signal }) => api.listEvals(signal),
    refetchInterval: 10_000,
  })
  const trends = useQuery({
    queryKey: ['trends', TREND],
    queryFn: ({ signal }) => api.listTrends({ since: TREND }, signal),
    refetchInterval: 60_000,
    staleTime: 30_000,
  })
  const offline = useOffline()
  return (
    <>
      <PageHead title="Evals">
        {data?.evals.some(({ kind }) => kind === 'offline') && (
          <Link className="button" to="/runs">
            Offline runs
          </Link>
        )}
        {data !== undefined && (
          <span className="faint">
            definitions <code>{data.hash.slice(0, 12)}</code>
          </span>
        )}
      </PageHead>
      {error !== null && <ProblemNote error={error} onRetry={() => refetch()} />}
      {isPending && <Loading what="the definitions" />}
      {data?.diagnostics.map(({ code, message, file, line, severity }) => (
        <p key={`${file} ${line} ${code}`} className={`diagnostic diagnostic-${severity}`}>
          <code>
            {file}:{line}
          </code>{' '}
          {code}: {message}
        </p>
      ))}
      {data !== undefined && data.evals.length === 0 && (
        <Empty title="No evals are in force">
          <p>
            An eval is a rule in a <code>.eval</code> file beside your agent's code. <code>assay init</code> writes the
            first; <code>assay push</code> puts files in force here. The <Link to="/playground">playground</Link> tries
            one on stored traces.
          </p>
          <CodeBlock label="A first eval">{`online eval quick {
  on:   trace
  pass: duration <= 2s
}`}</CodeBlock>
        </Empty>
      )}
      {data !== undefined && data.evals.length > 0 && (
        <EvalsTable evals={data.evals} trends={trends.data} offline={offline.data} />
      )}
    </>
  )
}

function EvalsTable({
  evals,
  trends,
  offline,
}: {
  evals: readonly Eval[]
  trends: EvalTrendsResponse | undefined
  offline: OfflineResponse | undefined
}) {
  const trendOf = new Map(trends?.evals.map((trend) => [trend.eval, trend]))
  const offlineOf = new Map(offline?.evals.map((one) => [one.eval, one]))
  return (
    <Table
      caption="Evals in force, with what they found"
      columns={[
        {
          head: 'Eval',
          kind: 'head',
          className: 'eval-name',
          cell: (one) => (
            <>
              <Link to="/evals/$packageName/$name" params={packageAndName(one.id)}>
                {one.id}
              </Link>
              {one.mode === 'shadow' && <span className="tag">shadow</span>}
              {offlineOf.get(one.id)?.state === 'paused' && <span className="tag">paused</span>}
              <span className="faint">{offlineOf.get(one.id)?.detail ?? one.note ?? one.title ?? ''}</span>
            </>
          ),
        },
        {
          head: 'Judges',
          cell: ({ subject, when }) => (
            <>
              {subject.replaceAll('_', ' ')}
              <span className="faint when">
                {typeof when === 'string'
                  ? when === 'arrival'
                    ? 'as it arrives'
                    : 'when it settles'
                  : scheduleWords(when)}
              </span>
            </>
          ),
        },
        {
          head: 'Pass rate',
          kind: 'number',
          cell: ({ passRate }) => (passRate === null ? '–' : formatShare(passRate)),
        },
        {
          head: 'Trend, 7 d',
          cell: ({ id }) =>
            trends === undefined ? '' : <Trend trends={trends} points={trendOf.get(id)?.points ?? []} />,
        },
        {
          head: 'Coverage',
          kind: 'number',
          cell: ({ coverage }) => (coverage === null ? '–' : formatShare(coverage)),
        },
        {
          head: 'Verdicts',
          className: 'ledger',
          cell: ({ verdicts, matched, filtered }) => (
            <>
              {matched > 0 && <VerdictCounts counts={verdicts} />}
              <span className="faint">
                {formatCount(matched)} judged
                {filtered !== undefined && filtered > 0 && `, ${formatCount(filtered)} out of scope`}
              </span>
            </>
          ),
        },
        {
          head: 'Spent, 7 d',
          kind: 'number',
          cell: ({ id, kind }) => spendText(kind, trendOf.get(id)?.spentUsd),
        },
        { head: 'Owner', className: 'faint', cell: ({ owner }) => owner ?? '' },
      ]}
      rows={evals}
      keyOf={({ id }) => id}
    />
  )
}

function Trend({
  trends,
  points,
}: {
  trends: EvalTrendsResponse
  points: EvalTrendsResponse['evals'][number]['points']
}) {
  const [fromMs, toMs] = [Date.parse(trends.from), Date.parse(trends.to)]
  const decided = points.flatMap(({ start, passRate }) =>
    passRate === undefined
      ? []
      : [{ at: Math.max(0, Math.min(1, (Date.parse(start) - fromMs) / (toMs - fromMs))), rate: passRate }],
  )
  const [first, last] = [decided[0], decided.at(-1)]
  const words =
    first === undefined || last === undefined
      ? 'nothing decided'
      : `pass rate from ${formatShare(first.rate)} to ${formatShare(last.rate)}`
  return <Sparkline points={decided} words={words} />
}
