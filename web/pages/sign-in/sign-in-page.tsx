import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import { api } from '../../data/api.ts'
import { PageHead } from '../../parts/page-head.tsx'
import { REFUSED } from './search.ts'
import './sign-in.css'

const route = getRouteApi('/sign-in')

export function SignInPage() {
  const { to = '/', refused } = route.useSearch()
  const ways = useQuery({ queryKey: ['sign-in'], queryFn: ({ signal }) => api.getSignIn(signal) })
  const label = ways.data?.openId?.label
  const signIn = useMutation({
    mutationFn: (key: string) => api.signIn({ key }),
    // Anew from the start: what was asked for before was refused.
    onSuccess: () => location.assign(to),
  })
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    signIn.mutate(String(new FormData(event.currentTarget).get('key') ?? '').trim())
  }
  return (
    <>
      <PageHead title="Sign in" />
      {refused !== undefined && (
        <p role="alert" className="refused">
          {REFUSED[refused]}
        </p>
      )}
      {label !== undefined && (
        <div className="sign-in">
          <a className="button primary" href={`/v1/sign-in/start?to=${encodeURIComponent(to)}`}>
            Sign in with {label}
          </a>
          <p className="faint">Or by a key, as machines do:</p>
        </div>
      )}
      <form className="sign-in" onSubmit={onSubmit}>
        <label htmlFor="key">Key</label>
        <input id="key" name="key" type="password" autoComplete="current-password" placeholder="assay_…" required />
        {signIn.error !== null && (
          <p role="alert" className="refused">
            {signIn.error.message}
          </p>
        )}
        <button type="submit" className="primary" disabled={signIn.isPending}>
          Sign in
        </button>
        <p className="faint">
          Keys are made by whoever runs Assay: <code>assay keys create --role viewer</code>. The key stays in a cookie
          that scripts cannot read, until you sign out or the session is over.
        </p>
      </form>
    </>
  )
}
