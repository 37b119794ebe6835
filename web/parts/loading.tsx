/** Shown late, by its style: what comes at once must not flicker. */
export function Loading({ what }: { what: string }) {
  return (
    <p className="loading" role="status">
      Reading {what}…
    </p>
  )
}
