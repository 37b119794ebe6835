import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { api } from '../../data/api.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { type Description, groupsOf, operationsOf } from './description.ts'
import { OperationForm } from './operation-form.tsx'
import { parseApiSearch } from './search.ts'
import './api.css'

const route = getRouteApi('/api')

/** What the API gives, from its own description, to be tried as whoever is signed in. */
export function ApiPage() {
  const { op, find = '' } = route.useSearch()
  const navigate = useNavigate({ from: '/api' })
  const { data, error, refetch } = useQuery({
    queryKey: ['openapi'],
    // The server that serves this page made it from its own schemas.
    queryFn: async ({ signal }) => (await api.getDescription(signal)) as unknown as Description,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const operations = data === undefined ? [] : operationsOf(data)
  const chosen = operations.find(({ id }) => id === op) ?? operations.find(({ id }) => id === 'searchTraces')
  return (
    <>
      <PageHead title="API">
        <a href="/openapi.json">openapi.json</a>
      </PageHead>
      {error !== null && <ProblemNote error={error} onRetry={() => refetch()} />}
      {data === undefined && error === null && <Loading what="the description of the API" />}
      {data !== undefined && (
        <div className="api">
          <div className="api-list">
            <input
              type="search"
              aria-label="Find a route"
              placeholder="Find a route"
              value={find}
              onChange={(event) =>
                navigate({ search: parseApiSearch({ find: event.target.value, op }), replace: true })
              }
            />
            <nav aria-label="Routes">
              {[...groupsOf(operations, find)].map(([tag, ofTag]) => (
                <section key={tag} aria-labelledby={`tag-${tag}`}>
                  <h2 id={`tag-${tag}`}>{tag}</h2>
                  <ul>
                    {ofTag.map(({ id, method, path }) => (
                      <li key={id}>
                        <Link
                          to="/api"
                          search={{ op: id, ...(find !== '' && { find }) }}
                          aria-current={id === chosen?.id ? 'true' : undefined}
                        >
                          <span className="method">{method}</span> <code>{path}</code>
                        </Link>
                      </li>
                    ))}
                  </ul>
                </section>
              ))}
            </nav>
          </div>
          {chosen !== undefined && (
            <OperationForm key={chosen.id} operation={chosen} schemas={data.components.schemas} />
          )}
        </div>
      )}
    </>
  )
}
