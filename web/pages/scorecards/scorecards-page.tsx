import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api } from '../../data/api.ts'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Empty } from '../../parts/empty.tsx'
import { packageAndName } from '../../parts/ids.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { scheduleWords } from '../../parts/schedule-words.ts'
import { Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'

/** What is posted on a schedule to whoever wants to know how it goes. */
export function ScorecardsPage() {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['scorecards'],
    queryFn: ({ signal }) => api.listScorecards(signal),
  })
  return (
    <>
      <PageHead title="Scorecards" />
      {error !== null && <ProblemNote error={error} onRetry={() => refetch()} />}
      {isPending && <Loading what="the scorecards" />}
      {data?.scorecards.length === 0 && (
        <Empty title="No scorecards are in force">
          <p>
            A scorecard posts figures of evals on a schedule, with what changed since the period before. Beside evals in
            a <code>.eval</code> file:
          </p>
          <CodeBlock label="A scorecard">{`scorecard weekly {
  title:  "How the agent did this week"
  every:  monday at 09:00 in "Europe/Berlin"
  over:   7d vs 7d
  row:    pass_rate(no_pii), p95(fast)
  notify: slack("#support")
}`}</CodeBlock>
        </Empty>
      )}
      {data !== undefined && data.scorecards.length > 0 && (
        <Table
          caption="Scorecards in force"
          columns={[
            {
              head: 'Scorecard',
              kind: 'head',
              cell: ({ id, title, mode }) => (
                <>
                  <Link to="/scorecards/$packageName/$name" params={packageAndName(id)}>
                    {id}
                  </Link>
                  {mode === 'shadow' && <span className="tag">shadow</span>}
                  <div className="faint">{title ?? ''}</div>
                </>
              ),
            },
            { head: 'Posted', cell: ({ schedule }) => scheduleWords(schedule) },
            { head: 'To', cell: ({ receivers }) => receivers.join(', ') || 'nobody' },
            {
              head: 'Last',
              cell: ({ lastSlot }) => (lastSlot === null ? 'not yet' : <Time at={lastSlot} />),
            },
            { head: 'Owner', className: 'faint', cell: ({ owner }) => owner ?? '' },
          ]}
          rows={data.scorecards}
          keyOf={({ id }) => id}
        />
      )}
    </>
  )
}
