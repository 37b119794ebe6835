import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../../data/api.ts'
import { Empty } from '../../parts/empty.tsx'
import { Loading } from '../../parts/loading.tsx'
import { OlderRows } from '../../parts/older-rows.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { DEFAULT_PERIOD, PeriodChoice } from '../../parts/period-choice.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { eachOnce } from './each-once.ts'
import { ListViews } from './list-views.tsx'
import { FIELDS, type TracesSearch } from './search.ts'
import { SearchForm } from './search-form.tsx'
import { TracesTable } from './traces-table.tsx'
import './traces.css'

const route = getRouteApi('/traces')

export function TracesPage() {
  const search = route.useSearch()
  const navigate = useNavigate({ from: '/traces' })
  const { since = DEFAULT_PERIOD, ...filters } = search
  const pages = useInfiniteQuery({
    queryKey: ['traces', since, filters],
    queryFn: ({ pageParam, signal }) =>
      api.searchTraces(
        { since, ...(filters as Omit<TracesSearch, 'status'>), ...statusOf(filters), after: pageParam },
        signal,
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
  })
  const traces = eachOnce(pages.data?.pages ?? [])
  const onSearch = (next: TracesSearch): void => {
    navigate({ search: next })
  }
  const [picked, setPicked] = useState<readonly string[]>([])
  const [left, right] = picked
  return (
    <>
      <PageHead title="Traces">
        {left !== undefined && (
          <Link className="button" to="/traces/compare" search={right === undefined ? { left } : { left, right }}>
            {right === undefined ? 'Compare with…' : 'Compare these two'}
          </Link>
        )}
        <ListViews />
        <PeriodChoice since={since} onChoose={(next) => onSearch({ ...filters, since: next })} />
      </PageHead>
      <SearchForm search={search} onSearch={onSearch} />
      {pages.error !== null && <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />}
      {pages.isPending && <Loading what="traces" />}
      {pages.isSuccess && traces.length === 0 && <NothingFound search={filters} since={since} onSearch={onSearch} />}
      {traces.length > 0 && (
        <TracesTable
          traces={traces}
          picked={picked}
          onPick={(id, isPicked) => setPicked(isPicked ? [...picked, id] : picked.filter((one) => one !== id))}
        />
      )}
      <OlderRows pages={pages} />
    </>
  )
}

function statusOf({ status }: TracesSearch): { status?: 'ok' | 'error' } {
  return status === 'ok' || status === 'error' ? { status } : {}
}

function NothingFound({
  search,
  since,
  onSearch,
}: {
  search: TracesSearch
  since: string
  onSearch: (next: TracesSearch) => void
}) {
  const used = FIELDS.filter(({ name }) => search[name] !== undefined)
  return (
    <Empty title={used.length === 0 ? `No trace began in the last ${since}` : 'No trace matches all of this'}>
      {used.length > 0 ? (
        <p>
          <button type="button" onClick={() => onSearch({ since })}>
            Show all of the last {since}
          </button>
        </p>
      ) : (
        <p>
          Traces show up here a moment after they arrive. A longer period may have some; <Link to="/">Live</Link> tells
          how agents are pointed at Assay.
        </p>
      )}
    </Empty>
  )
}
