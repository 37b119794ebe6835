import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api } from '../data/api.ts'

const WORDS = { ok: 'All parts work', degraded: 'Degraded', starting: 'Starting', stopping: 'Stopping' } as const

/** The state of Assay itself, on every page. */
export function HealthDot() {
  const { data, error } = useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => api.getHealth(signal),
    refetchInterval: 10_000,
  })
  const state = error !== null ? 'unreachable' : (data?.status ?? 'starting')
  const words =
    state === 'unreachable' ? 'Not reachable' : data === undefined ? 'Asking…' : WORDS[state as keyof typeof WORDS]
  return (
    <Link to="/system" className={`health health-${state}`}>
      <span aria-hidden="true" className="dot" />
      {words}
    </Link>
  )
}
