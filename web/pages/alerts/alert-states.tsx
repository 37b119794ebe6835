import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { AlertStateJson } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { formatAgo } from '../../parts/format.ts'
import { MayButton } from '../../parts/may-button.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Time } from '../../parts/time.tsx'

const ORDER = ['firing', 'pending', 'resolved', 'inactive']
const SHOWN_TRACES = 5
const MINUTES = [
  { minutes: 60, label: '1 hour' },
  { minutes: 240, label: '4 hours' },
  { minutes: 1_440, label: '1 day' },
  { minutes: 10_080, label: '1 week' },
] as const

/** What fires, since when and why, and what can be done about it. */
export function AlertStates() {
  const { data, error } = useQuery({
    queryKey: ['alerts'],
    queryFn: ({ signal }) => api.listAlerts(signal),
    refetchInterval: 5_000,
  })
  if (error !== null) return <ProblemNote error={error} />
  const shown = (data?.alerts ?? [])
    .filter(({ state }) => state !== 'inactive')
    .toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))
  if (data === undefined) return null
  if (shown.length === 0) return <p className="faint all-quiet">Nothing fires.</p>
  return (
    <ul className="alert-states">
      {shown.map((alert) => (
        <AlertState key={`${alert.alert} ${JSON.stringify(alert.group)}`} alert={alert} />
      ))}
    </ul>
  )
}

function AlertState({ alert }: { alert: AlertStateJson }) {
  const [isSilencing, setSilencing] = useState(false)
  const queries = useQueryClient()
  const onSuccess = async (): Promise<void> => {
    setSilencing(false)
    await queries.invalidateQueries({ queryKey: ['alerts'] })
    await queries.invalidateQueries({ queryKey: ['silences'] })
  }
  const acknowledge = useMutation({ mutationFn: () => api.acknowledgeAlert({ alert: alert.alert }), onSuccess })
  const silence = useMutation({
    mutationFn: (asked: { minutes: number; reason: string }) =>
      api.createSilence({ matchers: { alert: alert.alert }, ...asked }),
    onSuccess,
  })
  const onSilence = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    silence.mutate({ minutes: Number(form.get('minutes')), reason: String(form.get('reason') ?? '') })
  }
  const groups = Object.entries(alert.group)
  return (
    <li className={`alert-state alert-${alert.state}`}>
      <div className="alert-line">
        <strong>{alert.title ?? alert.alert}</strong>
        <span className="state-word">{alert.state}</span>
        <span className="faint">
          {alert.severity} · since <Time at={alert.since} /> ({formatAgo(alert.since, Date.now())})
        </span>
        {alert.acknowledged !== null && <span className="tag">taken on by {alert.acknowledged.by}</span>}
        {alert.silencedBy !== null && <span className="tag">silenced</span>}
      </div>
      <p>
        <code>{alert.rule}</code>
        {alert.value !== null && (
          <>
            {' '}
            and is <strong className="number">{Number(alert.value.toPrecision(4))}</strong>
          </>
        )}
        {groups.length > 0 && (
          <span className="faint"> for {groups.map(([label, value]) => `${label} ${value}`).join(', ')}</span>
        )}
      </p>
      {alert.traces.length > 0 && (
        <p>
          Examples:{' '}
          {alert.traces.slice(0, SHOWN_TRACES).map((traceId) => (
            <span key={traceId}>
              <Link to="/traces/$traceId" params={{ traceId }}>
                <code>{traceId.slice(0, 8)}</code>
              </Link>{' '}
            </span>
          ))}
        </p>
      )}
      {alert.state === 'firing' && (
        <div className="actions">
          {alert.acknowledged === null && (
            <MayButton needs="edit" disabled={acknowledge.isPending} onClick={() => acknowledge.mutate()}>
              Acknowledge
            </MayButton>
          )}
          {alert.silencedBy === null && (
            <MayButton needs="edit" aria-expanded={isSilencing} onClick={() => setSilencing(!isSilencing)}>
              Silence
            </MayButton>
          )}
        </div>
      )}
      {isSilencing && (
        <form className="silence" onSubmit={onSilence}>
          <label>
            For{' '}
            <select name="minutes">
              {MINUTES.map(({ minutes, label }) => (
                <option key={minutes} value={minutes}>
                  {label}
                </option>
              ))}
            </select>
          </label>
          <label>
            Because <input name="reason" required maxLength={1_000} />
          </label>
          <button type="submit" className="primary" disabled={silence.isPending}>
            Silence {alert.alert}
          </button>
        </form>
      )}
      {[acknowledge.error, silence.error].map(
        (problem) => problem !== null && <ProblemNote key={problem.message} error={problem} />,
      )}
    </li>
  )
}
