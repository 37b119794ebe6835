import { api } from '../data/api.ts'
import { useSession } from '../data/session.ts'

/** Who is signed in, and the way out; nothing where nobody is asked for a key. */
export function Who() {
  const { data } = useSession()
  if (data?.isSignedIn !== true) return null
  return (
    <div className="who">
      <span>
        {data.person !== undefined && `${data.person} · `}
        {data.tenant} · {data.role}
      </span>
      <button type="button" onClick={() => api.signOut().then(() => location.assign('/sign-in'))}>
        Sign out
      </button>
    </div>
  )
}
