import { QueryClient } from '@tanstack/react-query'
import { ApiProblem } from '../../client/request.ts'

/** What a request asks for wrongly stays wrong; an outage may pass. */
const mayPass = (error: Error): boolean => !(error instanceof ApiProblem) || error.status === 0 || error.status >= 500

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 5_000, retry: (failed, error) => failed < 2 && mayPass(error), refetchOnWindowFocus: true },
  },
})
