import { Link, Outlet, useLocation, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { HealthDot } from './health-dot.tsx'
import { PAGES } from './pages.ts'
import { ThemeChoice } from './theme-choice.tsx'
import { Who } from './who.tsx'

/** What every page stands in. */
export function Shell() {
  const router = useRouter()
  const path = useLocation({ select: ({ pathname }) => pathname })
  // Another page begins at its top for the keyboard and for screen readers too, as it does where a browser loads it.
  useEffect(
    () =>
      router.subscribe('onResolved', ({ fromLocation, pathChanged }) => {
        if (fromLocation !== undefined && pathChanged)
          document.getElementById('content')?.focus({ preventScroll: true })
      }),
    [router],
  )
  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="side">
        <Link to="/" className="brand" aria-label="Assay: live">
          <img src="/icon.svg" alt="" width="22" height="22" />
          <span>Assay</span>
        </Link>
        <nav aria-label="Pages">
          {PAGES.map(({ to, label, also }) => (
            <Link
              key={to}
              to={to}
              activeOptions={{ exact: to === '/', includeSearch: false }}
              {...(also !== undefined && path.startsWith(also) && { className: 'active', 'aria-current': 'page' })}
            >
              {label}
            </Link>
          ))}
        </nav>
        <HealthDot />
        <ThemeChoice />
        <Who />
      </header>
      <main id="content" tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  )
}
