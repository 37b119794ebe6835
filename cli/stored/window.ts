import { parseSince } from '../../server/parameters.ts'
import type { TraceWindow } from '../../storage/traces/port.ts'

export type WindowOutcome = { ok: true; window: TraceWindow; shown: string } | { ok: false; message: string }

/** `since` and `until`: how long ago (`7d`), or a time. */
export function windowOf(since: string, until: string | undefined, nowMs: number): WindowOutcome {
  const fromMs = parseSince(since, nowMs)
  const toMs = until === undefined ? nowMs : parseSince(until, nowMs)
  if (fromMs === null) return wrong('--since', since)
  if (toMs === null) return wrong('--until', until ?? '')
  if (fromMs >= toMs) return { ok: false, message: 'the time of --since has to lie before that of --until' }
  const shown = `${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`
  return { ok: true, window: { fromUs: fromMs * 1000, toUs: toMs * 1000 }, shown }
}

function wrong(flag: string, text: string): WindowOutcome {
  const expected = 'a duration such as 10m, 24h or 7d, or a time such as 2026-01-31T09:00:00Z'
  return { ok: false, message: `${flag} takes ${expected}, not ${JSON.stringify(text)}` }
}
