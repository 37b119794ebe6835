import { useQuery } from '@tanstack/react-query'
import { api } from '../../data/api.ts'

/** As the runs beside it are asked for. */
const POLL_MS = 5_000

/** The offline evals: when they run, and how their last run went. Where no queue is kept it fails, and pages go without. */
export const useOffline = () =>
  useQuery({
    queryKey: ['offline'],
    queryFn: ({ signal }) => api.getOffline({}, signal),
    retry: false,
    // Where an answer ever came there is a queue: what failed since then is asked again.
    refetchInterval: ({ state }) => (state.data === undefined ? false : POLL_MS),
  })
