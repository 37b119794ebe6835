import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { sumOfKnown } from '../../../engine/no-price.ts'
import { api } from '../../data/api.ts'
import { useMay } from '../../data/session.ts'
import { Cost } from '../../parts/cost.tsx'
import { formatBytes, formatCompact, formatCost, formatCount } from '../../parts/format.ts'
import { Loading } from '../../parts/loading.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Table } from '../../parts/table.tsx'

const DAYS = [7, 30, 90] as const
const DAY_MS = 86_400_000

/** What is stored and what judges cost, by day; of all tenants for whoever runs Assay. */
export function Usage() {
  const [days, setDays] = useState<number>(30)
  const [isAll, setAll] = useState(false)
  const { isAllowed: mayAll } = useMay('operate')
  const { data, error, isPending } = useQuery({
    queryKey: ['usage', days, isAll],
    queryFn: ({ signal }) =>
      api.getUsage({ from: dayText(Date.now() - (days - 1) * DAY_MS), all: isAll ? 'true' : 'false' }, signal),
    staleTime: 60_000,
  })
  const usage = data?.usage ?? []
  const sum = (of: (row: (typeof usage)[number]) => number): number => usage.reduce((total, row) => total + of(row), 0)
  const mostSpans = Math.max(1, ...usage.map(({ spans }) => spans))
  return (
    <section aria-labelledby="usage">
      <div className="section-head">
        <h2 id="usage">Usage</h2>
        <fieldset className="segmented" aria-label="Period">
          {DAYS.map((one) => (
            <button key={one} type="button" aria-pressed={days === one} onClick={() => setDays(one)}>
              {one} days
            </button>
          ))}
        </fieldset>
        {mayAll && (
          <label className="inline">
            <input type="checkbox" checked={isAll} onChange={(event) => setAll(event.target.checked)} /> All tenants
          </label>
        )}
        {usage.length > 0 && (
          <span className="faint">
            {formatCount(sum(({ spans }) => spans))} spans, {formatBytes(sum(({ bytes }) => bytes))}, judges{' '}
            <Cost
              usd={sumOfKnown(usage.map(({ judgeCostUsd }) => judgeCostUsd))}
              tokens={sum(judgeTokensOf)}
              of="judges"
            />
          </span>
        )}
      </div>
      {error !== null && <ProblemNote error={error} />}
      {isPending && <Loading what="the usage" />}
      {data !== undefined && usage.length === 0 && (
        <p className="faint">Nothing was stored in these days. Each day has a row here as soon as spans arrive.</p>
      )}
      {usage.length > 0 && (
        <Table
          caption="Usage by day, the newest first"
          columns={[
            { head: 'Day (UTC)', kind: 'head', cell: ({ day }) => day },
            isAll && { head: 'Tenant', cell: ({ tenant }) => tenant },
            { head: 'Agent', cell: ({ agent }) => agent ?? <span className="faint">unnamed</span> },
            {
              head: 'Spans',
              kind: 'number',
              cell: ({ spans }) => (
                <>
                  {formatCount(spans)}
                  <span className="score-bar" aria-hidden="true">
                    <span style={{ width: `${(spans / mostSpans) * 100}%` }} />
                  </span>
                </>
              ),
            },
            { head: 'Stored', kind: 'number', cell: ({ bytes }) => formatBytes(bytes) },
            {
              head: 'Judge tokens',
              kind: 'number',
              cell: (row) => formatCompact(judgeTokensOf(row)),
            },
            { head: 'Judge cost', kind: 'number', cell: (row) => formatCost(row.judgeCostUsd, judgeTokensOf(row)) },
          ]}
          rows={usage}
          keyOf={({ day, tenant, agent = '' }) => `${day} ${tenant} ${agent}`}
        />
      )}
    </section>
  )
}

const judgeTokensOf = (row: { judgeInputTokens: number; judgeOutputTokens: number }): number =>
  row.judgeInputTokens + row.judgeOutputTokens

const dayText = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10)
