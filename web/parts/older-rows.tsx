/** Where a list has more than it shows: the next page, on demand. */
export function OlderRows({
  pages,
  label = 'Show older ones',
}: {
  pages: {
    readonly hasNextPage: boolean
    readonly isFetchingNextPage: boolean
    readonly fetchNextPage: () => Promise<unknown>
  }
  label?: string
}) {
  if (!pages.hasNextPage) return null
  return (
    <p className="more-rows">
      <button type="button" disabled={pages.isFetchingNextPage} onClick={() => pages.fetchNextPage()}>
        {pages.isFetchingNextPage ? 'Reading…' : label}
      </button>
    </p>
  )
}
