/** How fast the load comes, and how much of it under the kills: one pace throughout, by which all of it is sent when the outages are over. */
import { spansPerTrace } from '../../bench/load.ts'
import { isFromTheStart } from './schedule.ts'

export interface Pace {
  readonly spansPerSecond: number
  /** For as long as the kills take on a machine that keeps up. */
  readonly killsMs: number
  readonly spansUnderKills: number
  /** With what named points and slow machines want beyond. */
  readonly mostTraces: number
}

/** So far apart on a machine that keeps up: one process is back before the next goes. */
const SECONDS_PER_KILL = 4
/** Where points are met from the start on, only these are left for later. */
const LATER_SHARE = 0.25
const RESERVE = 2

export function pacedBy(options: {
  spans: number
  kills: number
  scenarios: readonly { readonly downMs: number }[]
}): Pace {
  const { spans, kills, scenarios } = options
  const killsMs = kills * SECONDS_PER_KILL * 1_000 * (isFromTheStart(kills) ? LATER_SHARE : 1)
  const outagesMs = scenarios.reduce((sum, { downMs }) => sum + downMs, 0)
  const spansPerSecond = (spans / (killsMs + outagesMs)) * 1_000
  const spansUnderKills = Math.round((spansPerSecond * killsMs) / 1_000)
  return { spansPerSecond, killsMs, spansUnderKills, mostTraces: Math.ceil((spans / spansPerTrace) * RESERVE) + 5_000 }
}
