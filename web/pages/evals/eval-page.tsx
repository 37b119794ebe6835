import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import type { Eval } from '../../../client/api.ts'
import { ApiProblem } from '../../../client/request.ts'
import { api } from '../../data/api.ts'
import { Empty } from '../../parts/empty.tsx'
import { EvalSource } from '../../parts/eval-source.tsx'
import { Fact, Facts } from '../../parts/facts.tsx'
import { formatCount, formatShare } from '../../parts/format.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { scheduleWords } from '../../parts/schedule-words.ts'
import { RunControls } from '../runs/run-controls.tsx'
import { spendText } from '../runs/run-words.ts'
import { useOffline } from '../runs/use-offline.ts'
import { EvalResults } from './eval-results.tsx'
import { Judge } from './judge.tsx'
import { SeriesChart } from './series-chart.tsx'
import { SeriesTable } from './series-table.tsx'
import './evals.css'

const route = getRouteApi('/evals/$packageName/$name')
const PERIODS = ['1h', '24h', '7d', '30d'] as const
const BY = [
  { label: 'All together' },
  { by: 'version', label: 'By version' },
  { by: 'agent', label: 'By agent' },
  { by: 'env', label: 'By environment' },
  { by: 'model', label: 'By judge model' },
] as const

export function EvalPage() {
  const { packageName, name } = route.useParams()
  const search = route.useSearch()
  const navigate = useNavigate({ from: '/evals/$packageName/$name' })
  const id = `${packageName}/${name}`
  const detail = useQuery({
    queryKey: ['eval', id],
    queryFn: ({ signal }) => api.getEval(packageName, name, signal),
  })
  const evals = useQuery({ queryKey: ['evals'], queryFn: ({ signal }) => api.listEvals(signal) })
  const trends = useQuery({
    queryKey: ['trends', '7d'],
    queryFn: ({ signal }) => api.listTrends({ since: '7d' }, signal),
    staleTime: 60_000,
  })
  const offline = useOffline()
  const run = offline.data?.evals.find((other) => other.eval === id)
  const spent = trends.data?.evals.find((other) => other.eval === id)?.spentUsd
  const { since = '7d', by } = search
  const series = useQuery({
    queryKey: ['series', id, since, by],
    // How far people agree is asked beside it, and not every ten seconds.
    queryFn: ({ signal }) => api.getSeries(packageName, name, { since, by, agreement: 'false' }, signal),
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  })
  if (detail.isPending) return <Loading what="the eval" />
  if (detail.error instanceof ApiProblem && detail.error.status === 404)
    return (
      <Empty title={`There is no eval ${id} in force`}>
        <p>
          It may have been renamed or taken out. <Link to="/evals">Evals</Link> lists those in force.
        </p>
      </Empty>
    )
  if (detail.error !== null) return <ProblemNote error={detail.error} onRetry={() => detail.refetch()} />
  const one = detail.data
  const ledger = evals.data?.evals.find((other) => other.id === id)
  return (
    <>
      <PageHead title={id}>
        {one.mode === 'shadow' && <span className="tag">shadow</span>}
        {run?.state === 'paused' && <span className="tag">paused</span>}
        {run !== undefined && <RunControls of={run} />}
        {one.kind === 'offline' && (
          <Link className="button" to="/runs" search={{ eval: id }}>
            Runs
          </Link>
        )}
        <Link className="button" to="/traces" search={{ eval: id, verdict: 'fail' }}>
          Traces that fail
        </Link>
      </PageHead>
      {one.title !== null && <p className="eval-title">{one.title}</p>}
      {run?.detail !== undefined && <p className="diagnostic diagnostic-warning">{run.detail}</p>}
      <Facts>
        <Fact name="Pass rate">{ledger?.passRate == null ? '–' : formatShare(ledger.passRate)}</Fact>
        <Fact name="Coverage">{ledger?.coverage == null ? '–' : formatShare(ledger.coverage)}</Fact>
        <Fact name="Judged">{ledger === undefined ? '–' : formatCount(ledger.matched)}</Fact>
        <Fact name="Failed">{ledger === undefined ? '–' : formatCount(ledger.verdicts.fail)}</Fact>
        {ledger?.filtered !== undefined && <Fact name="Out of its scope">{formatCount(ledger.filtered)}</Fact>}
        {ledger !== undefined && <Fact name="Runs">{whenWords(ledger.when)}</Fact>}
        <Fact name="Spent in 7 days">{spendText(one.kind, spent)}</Fact>
        <Fact name="Owner">{one.owner ?? '–'}</Fact>
        <Fact name="Measure">{one.measureHash.slice(0, 8)}</Fact>
      </Facts>
      <section aria-labelledby="over-time">
        <div className="section-head">
          <h2 id="over-time">Pass rate</h2>
          <fieldset className="segmented" aria-label="Period">
            {PERIODS.map((period) => (
              <button
                key={period}
                type="button"
                aria-pressed={since === period}
                onClick={() => navigate({ search: { ...search, since: period }, replace: true })}
              >
                {period}
              </button>
            ))}
          </fieldset>
          <select
            aria-label="Divided"
            value={by ?? ''}
            onChange={(event) => {
              const next = BY.find((choice) => 'by' in choice && choice.by === event.target.value)
              const { by: _, ...others } = search
              navigate({
                search: next !== undefined && 'by' in next ? { ...others, by: next.by } : others,
                replace: true,
              })
            }}
          >
            {BY.map((choice) => (
              <option key={choice.label} value={'by' in choice ? choice.by : ''}>
                {choice.label}
              </option>
            ))}
          </select>
        </div>
        {series.error !== null && <ProblemNote error={series.error} />}
        {series.data?.points.length === 0 && <p className="faint">Nothing was judged in the last {since}.</p>}
        {series.data !== undefined && series.data.points.length > 0 && (
          <>
            <SeriesChart series={series.data} />
            <SeriesTable series={series.data} unit={ledger?.scoreUnit ?? undefined} />
          </>
        )}
      </section>
      <EvalResults evalId={id} />
      {ledger?.kind === 'offline' && <Judge detail={one} />}
      <section aria-labelledby="definition">
        <h2 id="definition">
          Definition{' '}
          <span className="faint place" title={one.file}>
            {one.file.split('/').slice(-2).join('/')}:{one.line}
          </span>
        </h2>
        <EvalSource text={one.source ?? printed(one)} label={`Definition of ${id}`} />
      </section>
    </>
  )
}

const whenWords = (when: Eval['when']): string => {
  if (typeof when !== 'string') return scheduleWords(when)
  return when === 'arrival' ? 'as a span arrives' : 'when the trace has settled'
}

/** Of definitions that were pushed compiled: what they mean, in the words of the language. */
function printed(one: {
  kind: string
  id: string
  on: string
  score?: string
  pass: string
  missing?: string
}): string {
  const lines = [`  on:      ${one.on}`]
  if (one.score !== undefined) lines.push(`  score:   ${one.score}`)
  lines.push(`  pass:    ${one.pass}`)
  if (one.missing !== undefined) lines.push(`  missing: ${one.missing}`)
  return `${one.kind} eval ${one.id.split('/')[1]} {\n${lines.join('\n')}\n}`
}
