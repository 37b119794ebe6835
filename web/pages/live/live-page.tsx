import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../../data/api.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { AgentsTable } from './agents-table.tsx'
import { Feed } from './feed.tsx'
import { newest } from './live-state.ts'
import { askAgainMs, newestTraces, ofSummary, TRACES_KEY, TRACES_SHOWN } from './live-trace.ts'
import { NothingYet } from './nothing-yet.tsx'
import { ScopeForm } from './scope-form.tsx'
import type { LiveSearch } from './search.ts'
import { TraceFeed } from './trace-feed.tsx'
import { type Live, useLive } from './use-live.ts'
import './live.css'

const POLL_MS = 1_000
const SHOWN = 100
const WINDOW_SECONDS = 300
const route = getRouteApi('/')

export function LivePage() {
  const search = route.useSearch()
  const navigate = useNavigate({ from: '/' })
  const [isPaused, setPaused] = useState(false)
  const live = useLive(search, isPaused)
  // What was there before; and all that there is to go by where nothing streams.
  const refetchInterval = isPaused || live.mode !== 'polling' ? (false as const) : POLL_MS
  const agents = useQuery({
    queryKey: ['live-agents'],
    queryFn: ({ signal }) => api.listLiveAgents({}, signal),
    refetchInterval,
  })
  const { scope, ...filters } = search
  const results = useQuery({
    queryKey: ['live-results', search.verdict, search.eval],
    queryFn: ({ signal }) => api.listResults({ since: '1h', limit: SHOWN, ...filters }, signal),
    refetchInterval,
    // The past within a scope is streamed.
    enabled: scope === undefined,
  })
  const traces = useQuery({
    queryKey: TRACES_KEY,
    queryFn: ({ signal }) => api.searchTraces({ since: '1h', limit: TRACES_SHOWN }, signal),
    refetchInterval: ({ state }) =>
      refetchInterval || (!isPaused && askAgainMs(live.tracesToldAtMs, state.dataUpdatedAt)),
    enabled: scope === undefined,
  })
  const onSearch = (next: LiveSearch): void => void navigate({ search: next, replace: true })
  const past = live.mode === 'connecting' ? undefined : []
  const shownAgents = live.agents ?? (scope === undefined ? agents.data?.agents : past)
  const before = scope === undefined ? results.data?.results : past
  const tracesBefore = scope === undefined ? traces.data?.traces.map(ofSummary) : past
  const shown = before === undefined ? undefined : newest([...live.results, ...before])
  const shownTraces = tracesBefore === undefined ? undefined : newestTraces(live.traces, tracesBefore)
  const isEmpty =
    shownAgents?.length === 0 && shown?.length === 0 && shownTraces?.length === 0 && Object.keys(search).length === 0
  return (
    <>
      <PageHead title="Live">
        <StreamState live={live} isPaused={isPaused} />
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? 'Go on' : 'Pause'}
        </button>
      </PageHead>
      {isEmpty ? (
        <NothingYet />
      ) : (
        <>
          <ScopeForm
            scope={scope}
            problem={live.problem}
            onScope={(next) => onSearch(next === undefined ? filters : { ...filters, scope: next })}
          />
          <section aria-labelledby="agents">
            <h2 id="agents">Agents</h2>
            {agents.error !== null && live.agents === null && <ProblemNote error={agents.error} />}
            {shownAgents === undefined && agents.error === null && <Loading what="the agents" />}
            {shownAgents !== undefined && (
              <AgentsTable agents={shownAgents} windowSeconds={agents.data?.windowSeconds ?? WINDOW_SECONDS} />
            )}
          </section>
          <section aria-labelledby="traces">
            <TraceFeed
              traces={shownTraces ?? (traces.error === null ? undefined : live.traces)}
              error={traces.error}
              isScoped={scope !== undefined}
            />
          </section>
          <section aria-labelledby="verdicts">
            {results.error !== null && <ProblemNote error={results.error} />}
            <Feed results={shown} search={search} onSearch={onSearch} />
          </section>
        </>
      )}
    </>
  )
}

/** Said only where it is not simply live. */
function StreamState({ live: { mode, dropped, problem }, isPaused }: { live: Live; isPaused: boolean }) {
  const texts = [
    ...(isPaused ? ['paused'] : []),
    ...(!isPaused && mode === 'connecting' ? ['connecting…'] : []),
    ...(!isPaused && mode === 'polling' && problem === null ? ['asked every second: streaming fails'] : []),
    ...(dropped > 0 ? [`${dropped} left out: more came than this page could take`] : []),
  ]
  return (
    <span className="faint" role="status">
      {texts.join(' · ')}
    </span>
  )
}
