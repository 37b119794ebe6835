import { useQuery } from '@tanstack/react-query'
import { api } from '../../data/api.ts'

/** The offline evals: when they run, and how their last run went. Where no queue is kept it fails, and pages go without. */
export const useOffline = () =>
  useQuery({ queryKey: ['offline'], queryFn: ({ signal }) => api.getOffline({}, signal), retry: false })
