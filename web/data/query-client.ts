import { QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiProblem } from '../../client/request.ts'

/** What a request asks for wrongly stays wrong; an outage may pass. */
const mayPass = (error: Error): boolean => !(error instanceof ApiProblem) || error.status === 0 || error.status >= 500

/** A session that has ended, or none yet: signing in leads back. */
function askForKey(error: Error): void {
  const isRefused = error instanceof ApiProblem && error.status === 401
  if (!isRefused || location.pathname === '/sign-in') return
  location.assign(`/sign-in?to=${encodeURIComponent(`${location.pathname}${location.search}`)}`)
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: askForKey }),
  defaultOptions: {
    queries: { staleTime: 5_000, retry: (failed, error) => failed < 2 && mayPass(error), refetchOnWindowFocus: true },
  },
})
