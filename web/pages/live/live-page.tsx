import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../../data/api.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { AgentsTable } from './agents-table.tsx'
import { Feed } from './feed.tsx'
import { NothingYet } from './nothing-yet.tsx'
import './live.css'

const POLL_MS = 1_000
const SHOWN = 100
const route = getRouteApi('/')

export function LivePage() {
  const search = route.useSearch()
  const navigate = useNavigate({ from: '/' })
  const [isPaused, setPaused] = useState(false)
  const refetchInterval = isPaused ? (false as const) : POLL_MS
  const agents = useQuery({
    queryKey: ['live-agents'],
    queryFn: ({ signal }) => api.listLiveAgents({}, signal),
    refetchInterval,
  })
  const results = useQuery({
    queryKey: ['live-results', search.verdict, search.eval],
    queryFn: ({ signal }) => api.listResults({ since: '1h', limit: SHOWN, ...search }, signal),
    refetchInterval,
  })
  const isEmpty =
    agents.data?.total === 0 &&
    results.data?.results.length === 0 &&
    search.verdict === undefined &&
    search.eval === undefined
  return (
    <>
      <PageHead title="Live">
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? 'Go on' : 'Pause'}
        </button>
      </PageHead>
      {isEmpty ? (
        <NothingYet />
      ) : (
        <>
          <section aria-labelledby="agents">
            <h2 id="agents">Agents</h2>
            {agents.error !== null && <ProblemNote error={agents.error} />}
            {agents.isPending && <Loading what="the agents" />}
            {agents.data !== undefined && (
              <AgentsTable agents={agents.data.agents} windowSeconds={agents.data.windowSeconds} />
            )}
          </section>
          <section aria-labelledby="verdicts">
            {results.error !== null && <ProblemNote error={results.error} />}
            <Feed
              results={results.data?.results}
              search={search}
              onSearch={(next) => navigate({ search: next, replace: true })}
            />
          </section>
        </>
      )}
    </>
  )
}
