import { useMutation } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import { api } from '../../data/api.ts'
import { PageHead } from '../../parts/page-head.tsx'
import './sign-in.css'

const route = getRouteApi('/sign-in')

export function SignInPage() {
  const { to = '/' } = route.useSearch()
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
          that scripts cannot read, until the browser is closed.
        </p>
      </form>
    </>
  )
}
