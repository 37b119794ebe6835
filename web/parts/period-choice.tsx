/** Periods that are asked for, in the words of the API. */
export const PERIODS = [
  { since: '15m', label: '15 minutes' },
  { since: '1h', label: '1 hour' },
  { since: '24h', label: '24 hours' },
  { since: '7d', label: '7 days' },
  { since: '30d', label: '30 days' },
] as const

export const DEFAULT_PERIOD = '24h'

/** The last hour, day…; and whatever else the address says. */
export function PeriodChoice({ since, onChoose }: { since: string; onChoose: (since: string) => void }) {
  return (
    <label className="inline">
      Last{' '}
      <select value={since} onChange={(event) => onChoose(event.target.value)}>
        {PERIODS.map((period) => (
          <option key={period.since} value={period.since}>
            {period.label}
          </option>
        ))}
        {!PERIODS.some((period) => period.since === since) && <option value={since}>{since}</option>}
      </select>
    </label>
  )
}
