import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { DeadLetter } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { useMay } from '../../data/session.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { formatBytes } from '../../parts/format.ts'
import { Loading } from '../../parts/loading.tsx'
import { MayButton } from '../../parts/may-button.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { textOfRecord } from './record-text.ts'

const STATES = ['waiting', 'replayed', 'dropped', 'all'] as const
type State = (typeof STATES)[number]

/** Records that could not be used, each with its reason: looked into, sent again or let go. */
export function DeadLetters() {
  const [state, setState] = useState<State>('waiting')
  const allowance = useMay('administer')
  const { data, error, isPending } = useQuery({
    queryKey: ['dead-letters', state],
    queryFn: ({ signal }) => api.listDeadLetters({ state, limit: 50 }, signal),
    refetchInterval: 10_000,
    enabled: allowance.isAllowed,
  })
  return (
    <section aria-labelledby="dead-letters">
      <div className="section-head">
        <h2 id="dead-letters">Dead letters</h2>
        {allowance.isAllowed && (
          <select
            aria-label="Which dead letters"
            value={state}
            onChange={(event) => setState(STATES.find((one) => one === event.target.value) ?? 'waiting')}
          >
            {STATES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        )}
      </div>
      {allowance.why !== undefined && <p className="faint">They hold what was sent as it was sent. {allowance.why}</p>}
      {error !== null && <ProblemNote error={error} />}
      {allowance.isAllowed && isPending && <Loading what="dead letters" />}
      {data?.deadLetters.length === 0 && (
        <p className="faint">
          {state === 'waiting' ? 'None waits: every record could be used.' : 'None.'} A record that cannot be is put
          here with its reason, and what comes after it goes on.
        </p>
      )}
      {data !== undefined && data.deadLetters.length > 0 && (
        <Table
          caption="Dead letters, the newest first"
          columns={[
            { head: 'At', className: 'faint', cell: ({ at }) => <Time at={at} /> },
            {
              head: 'Reason',
              kind: 'head',
              className: 'reason',
              cell: ({ code, reason }) => `${code.replaceAll('_', ' ')}: ${reason}`,
            },
            { head: 'From', cell: ({ source }) => <code>{source}</code> },
            { head: 'Size', kind: 'number', cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
            { head: 'State', cell: (letter) => letter.state },
            { head: 'What can be done', isHeadHidden: true, cell: (letter) => <Letter letter={letter} /> },
          ]}
          rows={data.deadLetters}
          keyOf={({ id }) => `${id}`}
        />
      )}
    </section>
  )
}

function Letter({ letter }: { letter: DeadLetter }) {
  const [isOpen, setOpen] = useState(false)
  const queries = useQueryClient()
  const onSuccess = async (): Promise<void> => {
    setOpen(false)
    await queries.invalidateQueries({ queryKey: ['dead-letters'] })
  }
  const id = `${letter.id}`
  const detail = useQuery({
    queryKey: ['dead-letter', id],
    queryFn: ({ signal }) => api.getDeadLetter(id, signal),
    enabled: isOpen,
  })
  const replay = useMutation({ mutationFn: () => api.replayDeadLetter(id), onSuccess })
  const drop = useMutation({ mutationFn: () => api.dropDeadLetter(id), onSuccess })
  const problem = detail.error ?? replay.error ?? drop.error
  return (
    <Dialog
      title={`Dead letter ${id}`}
      says={letter.reason}
      trigger={
        <button type="button">
          Inspect
          <span className="only-read"> dead letter {id}</span>
        </button>
      }
      isOpen={isOpen}
      onOpen={setOpen}
      isWide
    >
      {problem !== null && <ProblemNote error={problem} />}
      {isOpen && detail.isPending && <Loading what="the record" />}
      {detail.data !== undefined && (
        <>
          <dl className="pairs">
            {Object.entries(detail.data.headers).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <code>{value}</code>
                </dd>
              </div>
            ))}
          </dl>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
          <pre className="record" tabIndex={0}>
            {textOfRecord(detail.data.valueBase64)}
          </pre>
        </>
      )}
      {letter.state === 'waiting' && (
        <div className="actions">
          <MayButton needs="administer" className="primary" disabled={replay.isPending} onClick={() => replay.mutate()}>
            Replay it
          </MayButton>
          <MayButton needs="administer" disabled={drop.isPending} onClick={() => drop.mutate()}>
            Drop it
          </MayButton>
        </div>
      )}
    </Dialog>
  )
}
