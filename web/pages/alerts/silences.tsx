import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../data/api.ts'
import { MayButton } from '../../parts/may-button.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { matchersText } from './matchers-text.ts'
import { SilenceDialog } from './silence-dialog.tsx'

/** Those that are in force or will be. `known`: the names of alerts, to choose from. */
export function Silences({ known }: { known: readonly string[] }) {
  const queries = useQueryClient()
  const { data, error } = useQuery({ queryKey: ['silences'], queryFn: ({ signal }) => api.listSilences(signal) })
  const end = useMutation({
    mutationFn: (id: string) => api.expireSilence(id, {}),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['silences'] })
      await queries.invalidateQueries({ queryKey: ['alerts'] })
    },
  })
  const silences = data?.silences.filter(({ state }) => state !== 'expired') ?? []
  const problem = error ?? end.error
  return (
    <section aria-labelledby="silences">
      <div className="section-head">
        <h2 id="silences">Silences</h2>
        <SilenceDialog known={known} />
      </div>
      {problem !== null && <ProblemNote error={problem} />}
      {data !== undefined && silences.length === 0 && (
        <p className="faint">
          None. While one lasts nobody is told of what it matches: for maintenance, or while you work on it.
        </p>
      )}
      {silences.length > 0 && (
        <Table
          caption="Silences in force or to come"
          columns={[
            { head: 'Matches', cell: ({ matchers }) => <code>{matchersText(matchers)}</code> },
            { head: 'From', cell: ({ from }) => <Time at={from} /> },
            {
              head: 'Until',
              cell: ({ until, every }) => (
                <>
                  <Time at={until} />
                  {every !== null && <span className="faint"> every {every}</span>}
                </>
              ),
            },
            { head: 'Because', cell: ({ reason }) => reason },
            { head: 'By', className: 'faint', cell: ({ by }) => by },
            {
              head: 'What can be done',
              isHeadHidden: true,
              cell: ({ id, matchers }) => (
                <MayButton needs="edit" disabled={end.isPending} onClick={() => end.mutate(id)}>
                  End it
                  <span className="only-read">: {matchersText(matchers)}</span>
                </MayButton>
              ),
            },
          ]}
          rows={silences}
          keyOf={({ id }) => id}
        />
      )}
    </section>
  )
}
