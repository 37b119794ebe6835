import type { Verdict as VerdictName } from '../../client/api.ts'

const MARKS: Readonly<Record<VerdictName, string>> = { pass: '✓', fail: '✕', unknown: '?', error: '!' }

/** By mark and word, never by colour alone. */
export function Verdict({ verdict }: { verdict: VerdictName }) {
  return (
    <span className={`verdict verdict-${verdict}`}>
      <span aria-hidden="true">{MARKS[verdict]}</span>
      {verdict}
    </span>
  )
}

export type Counts = Readonly<Record<VerdictName, number>>
const ORDER: readonly VerdictName[] = ['fail', 'error', 'unknown', 'pass']

/** How many of each, the gravest first; those of none are left out. */
export function VerdictCounts({ counts }: { counts: Counts }) {
  const shown = ORDER.filter((verdict) => counts[verdict] > 0)
  if (shown.length === 0) return <span className="faint">none</span>
  return (
    <span className="verdict-counts">
      {shown.map((verdict) => (
        <span key={verdict} className={`verdict verdict-${verdict}`} title={`${counts[verdict]} ${verdict}`}>
          <span aria-hidden="true">{MARKS[verdict]}</span>
          {counts[verdict]}
          <span className="only-read"> {verdict}</span>
        </span>
      ))}
    </span>
  )
}

/** A bar of the shares. */
export function VerdictBar({ counts }: { counts: Counts }) {
  const total = ORDER.reduce((sum, verdict) => sum + counts[verdict], 0)
  if (total === 0) return <span className="faint">–</span>
  const words = ORDER.filter((verdict) => counts[verdict] > 0).map((verdict) => `${counts[verdict]} ${verdict}`)
  return (
    <span className="verdict-bar" role="img" aria-label={words.join(', ')} title={words.join(', ')}>
      {ORDER.map((verdict) => (
        <span key={verdict} className={`part-${verdict}`} style={{ width: `${(counts[verdict] / total) * 100}%` }} />
      ))}
    </span>
  )
}
