import { Link } from '@tanstack/react-router'

/** The two ways to look for what agents did: one answer, or a whole conversation. */
export function ListViews() {
  return (
    <nav className="segmented" aria-label="Listed by">
      <Link to="/traces" activeOptions={{ exact: true, includeSearch: false }}>
        Traces
      </Link>
      <Link to="/sessions" activeOptions={{ exact: true, includeSearch: false }}>
        Sessions
      </Link>
    </nav>
  )
}
