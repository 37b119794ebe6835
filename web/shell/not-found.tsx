import { Link } from '@tanstack/react-router'
import { Empty } from '../parts/empty.tsx'

export function NotFound() {
  return (
    <Empty title="There is no such page">
      <p>
        The address may be mistyped, or of another version of Assay. <Link to="/">Live</Link> shows what happens now.
      </p>
    </Empty>
  )
}
