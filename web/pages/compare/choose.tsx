import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import { api } from '../../data/api.ts'
import { Empty } from '../../parts/empty.tsx'
import { formatDuration } from '../../parts/format.ts'
import { Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { VerdictCounts } from '../../parts/verdict.tsx'
import type { Trace } from '../trace/trace-model.ts'

const OFFERED = 20

/** Without two of them: what would be here, and the newest traces of the same agent to choose from. */
export function Choose({ left, trace }: { left: string | undefined; trace: Trace | null }) {
  const navigate = useNavigate({ from: '/traces/compare' })
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const idOf = (name: string): string => String(form.get(name) ?? '').trim()
    navigate({ search: { left: idOf('left'), right: idOf('right') } })
  }
  return (
    <>
      <Empty title={left === undefined ? 'Which two?' : 'With which other?'}>
        <p>
          Tick two in the list of <Link to="/traces">traces</Link>, or name them by their ids: what each did, step by
          step, stands side by side then.
        </p>
        <form className="choose" onSubmit={onSubmit}>
          {(['left', 'right'] as const).map((side) => (
            <label key={side}>
              {side === 'left' ? 'One' : 'The other'}
              <input
                name={side}
                required
                pattern="\s*[0-9a-fA-F]{32}\s*"
                title="32 hex digits"
                defaultValue={side === 'left' ? left : undefined}
              />
            </label>
          ))}
          <button type="submit" className="primary">
            Compare
          </button>
        </form>
      </Empty>
      {trace !== null && <Offered left={trace} />}
    </>
  )
}

/** Those that were asked the same come first. */
function Offered({ left }: { left: Trace }) {
  const { agent, input } = left.rows[0]!.span
  const { data } = useQuery({
    queryKey: ['to-compare', agent?.name],
    queryFn: ({ signal }) => api.searchTraces({ since: '30d', agent: agent?.name, limit: OFFERED }, signal),
  })
  const isSame = (text: string | undefined): boolean => text !== undefined && (input?.text ?? '').startsWith(text)
  const others = (data?.traces ?? [])
    .filter(({ traceId }) => traceId !== left.traceId)
    .toSorted((a, b) => Number(isSame(b.input)) - Number(isSame(a.input)))
  if (others.length === 0) return null
  return (
    <Table
      caption="Traces to compare with"
      columns={[
        { head: 'Began', className: 'faint', cell: ({ startTime }) => <Time at={startTime} /> },
        {
          head: 'Trace',
          kind: 'head',
          cell: ({ traceId, name, input: said }) => (
            <Link to="/traces/compare" search={{ left: left.traceId, right: traceId }}>
              {said ?? name}
            </Link>
          ),
        },
        { head: 'Version', cell: (one) => one.agent?.version ?? '–' },
        { head: 'Verdicts', cell: ({ verdicts }) => <VerdictCounts counts={verdicts} /> },
        { head: 'Took', kind: 'number', cell: ({ durationMs }) => formatDuration(durationMs) },
      ]}
      rows={others}
      keyOf={({ traceId }) => traceId}
    />
  )
}
