import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import type { Session } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Empty } from '../../parts/empty.tsx'
import { textOfField } from '../../parts/form-text.ts'
import { formatAgo, formatCompact, formatCost, formatCount } from '../../parts/format.ts'
import { Loading } from '../../parts/loading.tsx'
import { OlderRows } from '../../parts/older-rows.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { DEFAULT_PERIOD, PeriodChoice } from '../../parts/period-choice.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { ListViews } from '../traces/list-views.tsx'
import '../traces/traces.css'

const route = getRouteApi('/sessions')

/** Conversations of several traces, the last seen first. */
export function SessionsPage() {
  const { since = DEFAULT_PERIOD, ...filters } = route.useSearch()
  const navigate = useNavigate({ from: '/sessions' })
  const pages = useInfiniteQuery({
    queryKey: ['sessions', since, filters],
    queryFn: ({ pageParam, signal }) => api.listSessions({ since, ...filters, after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
  })
  const sessions = pages.data?.pages.flatMap((page) => page.sessions) ?? []
  const isFiltered = Object.keys(filters).length > 0
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const [agent, user] = [textOfField(form, 'agent'), textOfField(form, 'user')]
    navigate({ search: { since, ...(agent !== '' && { agent }), ...(user !== '' && { user }) } })
  }
  return (
    <>
      <PageHead title="Sessions">
        <ListViews />
        <PeriodChoice since={since} onChoose={(next) => navigate({ search: { ...filters, since: next } })} />
      </PageHead>
      <search>
        {/* The key starts the form anew where the address changed by other means. */}
        <form className="search search-main" key={JSON.stringify(filters)} onSubmit={onSubmit}>
          {(['agent', 'user'] as const).map((name) => (
            <label key={name} className="field">
              {name === 'agent' ? 'Agent' : 'User'}
              <input name={name} defaultValue={filters[name] ?? ''} />
            </label>
          ))}
          <button type="submit">Search</button>
        </form>
      </search>
      {pages.error !== null && <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />}
      {pages.isPending && <Loading what="sessions" />}
      {pages.isSuccess && sessions.length === 0 && (
        <Empty title={isFiltered ? 'No session matches all of this' : `No session was seen in the last ${since}`}>
          {isFiltered ? (
            <p>
              <Link to="/sessions" search={{ since }}>
                Show all of the last {since}
              </Link>
            </p>
          ) : (
            <>
              <p>
                A session holds the traces of one conversation. A trace is of one where a span of it names it, as many
                instrumentations do by themselves; yours can too:
              </p>
              <CodeBlock label="Attribute of a session">{`span.setAttribute('gen_ai.conversation.id', id)`}</CodeBlock>
            </>
          )}
        </Empty>
      )}
      {sessions.length > 0 && (
        <Table
          caption="Sessions, the last seen first"
          columns={COLUMNS}
          rows={sessions}
          keyOf={({ session }) => session}
        />
      )}
      <OlderRows pages={pages} />
    </>
  )
}

const COLUMNS: readonly Column<Session>[] = [
  { head: 'Last seen', className: 'faint', cell: ({ lastSeen }) => <Time at={lastSeen} /> },
  {
    head: 'Session',
    kind: 'head',
    className: 'wraps',
    cell: ({ session }) => (
      <Link to="/sessions/$sessionId" params={{ sessionId: session }}>
        {session}
      </Link>
    ),
  },
  { head: 'Agent', cell: ({ agent }) => agent ?? <span className="faint">–</span> },
  { head: 'User', cell: ({ user }) => user ?? <span className="faint">–</span> },
  { head: 'Began', className: 'faint', cell: ({ firstSeen }) => formatAgo(firstSeen, Date.now()) },
  {
    head: 'Traces',
    kind: 'number',
    cell: ({ traces, failedSpans }) => (
      <>
        {failedSpans > 0 && <span className="span-errors">{formatCount(failedSpans)} spans failed · </span>}
        {formatCount(traces)}
      </>
    ),
  },
  {
    head: 'Tokens',
    kind: 'number',
    cell: ({ inputTokens, outputTokens }) => formatCompact(inputTokens + outputTokens),
  },
  {
    head: 'Cost',
    kind: 'number',
    cell: ({ costUsd, inputTokens, outputTokens }) => formatCost(costUsd, inputTokens + outputTokens),
  },
]
