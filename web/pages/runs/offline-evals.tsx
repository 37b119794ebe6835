import { Link } from '@tanstack/react-router'
import type { OfflineResponse } from '../../../client/api.ts'
import { packageAndName } from '../../parts/ids.ts'
import { scheduleWords } from '../../parts/schedule-words.ts'
import { type Column, Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { RunControls } from './run-controls.tsx'
import { useOffline } from './use-offline.ts'

type OfflineEval = OfflineResponse['evals'][number]

/** What runs, when it does next, and what can be done about it. */
export function OfflineEvals() {
  const { data } = useOffline()
  if (data === undefined || data.evals.length === 0) return null
  return (
    <section aria-labelledby="offline-evals">
      <h2 id="offline-evals">Offline evals</h2>
      <Table
        caption="Offline evals in force, and when each runs next"
        columns={COLUMNS}
        rows={data.evals}
        keyOf={(one) => one.eval}
      />
    </section>
  )
}

const COLUMNS: readonly Column<OfflineEval>[] = [
  {
    head: 'Eval',
    kind: 'head',
    className: 'wraps',
    cell: (one) => (
      <>
        <Link to="/evals/$packageName/$name" params={packageAndName(one.eval)}>
          {one.eval}
        </Link>{' '}
        <span className="faint">{one.detail}</span>
      </>
    ),
  },
  {
    head: 'State',
    cell: ({ state }) => <span className={`run-state run-${state}`}>{state.replaceAll('_', ' ')}</span>,
  },
  { head: 'Runs', className: 'faint wraps', cell: ({ schedule }) => scheduleWords(schedule) },
  {
    head: 'Next',
    cell: ({ nextSlot, state }) => (nextSlot === undefined || state === 'paused' ? '–' : <Time at={nextSlot} />),
  },
  {
    head: 'Actions',
    isHeadHidden: true,
    cell: (one) => (
      <span className="actions">
        <RunControls of={one} />
      </span>
    ),
  },
]
