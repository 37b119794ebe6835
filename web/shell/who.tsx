import { useQuery } from '@tanstack/react-query'
import { api } from '../data/api.ts'

/** Who is signed in, and the way out; nothing where nobody is asked for a key. */
export function Who() {
  const { data } = useQuery({
    queryKey: ['session'],
    queryFn: ({ signal }) => api.getSession(signal),
    staleTime: 60_000,
  })
  if (data?.isSignedIn !== true) return null
  return (
    <div className="who">
      <span>
        {data.tenant} · {data.role}
      </span>
      <button type="button" onClick={() => api.signOut().then(() => location.assign('/sign-in'))}>
        Sign out
      </button>
    </div>
  )
}
