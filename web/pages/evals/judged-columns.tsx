import { Link } from '@tanstack/react-router'
import type { Result } from '../../../client/api.ts'
import { formatScore } from '../../parts/format.ts'
import { resultReason } from '../../parts/result-why.tsx'
import type { Column } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'

/** The trace that was judged, at the span if it was one. */
export function SubjectLink({ traceId, spanId }: { traceId: string; spanId?: string | undefined }) {
  return (
    <Link to="/traces/$traceId" params={{ traceId }} search={spanId === undefined ? {} : { span: spanId }}>
      <code>{traceId.slice(0, 8)}</code>
    </Link>
  )
}

/** Of single results of one eval and one verdict. */
export const JUDGED_COLUMNS: readonly Column<Result>[] = [
  { head: 'Judged', className: 'faint', cell: ({ evaluatedAt }) => <Time at={evaluatedAt} /> },
  { head: 'Trace', kind: 'head', cell: ({ traceId, spanId }) => <SubjectLink traceId={traceId} spanId={spanId} /> },
  { head: 'Agent', cell: ({ agent }) => [agent?.name, agent?.version].filter(Boolean).join(' ') },
  { head: 'Why', className: 'why', cell: (result) => resultReason(result) },
  {
    head: 'Score',
    kind: 'number',
    cell: ({ score, scoreUnit }) => (score === undefined ? '' : formatScore(score, scoreUnit)),
  },
]
