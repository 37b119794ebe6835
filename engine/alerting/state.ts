/** What is remembered of an alert, and of each of its groups. */

import { copyOf, emptySeries, type Series } from './anomaly/series.ts'
import { copyOfParts, type UsualParts } from './anomaly/usual-parts.ts'
import type { JudgedWindow } from './judge.ts'
import type { Detector } from './regression/detector.ts'
import type { Reference } from './regression/reference.ts'
import type { AlertPhase } from './transition.ts'
import type { Versions } from './versions.ts'
import type { AlertWindow } from './window.ts'
import { emptyWindow } from './window.ts'

/** What all groups of an alert share. */
export interface Shared {
  /** Of alerts on changes. */
  reference: Reference | null
  versions: Versions
  /** Of alerts on anomalies: what is usual of all groups together, for one that begins. */
  usual: { series: Series; parts: UsualParts } | null
  /** Keys of the groups that fire or are about to: what comes meanwhile is no reference. */
  troubled: Set<string>
  /** The last level that people accepted: what was before `fromMs` is no measure. `atMs`: when they said so, by which it is told. */
  accepted: { atMs: number; fromMs: number } | null
}

export interface Anomaly {
  series: Series
  /** How the parts of the traffic usually do, but of the last window. */
  parts: UsualParts
  /** The last window that was over. */
  judged: JudgedWindow | null
  endedMs: number | null
}

/** Of a group that begins: what is usual of all. */
export const newAnomaly = ({ usual }: Shared): Anomaly => ({
  series: usual === null ? emptySeries() : copyOf(usual.series),
  parts: usual === null ? new Map() : copyOfParts(usual.parts),
  judged: null,
  endedMs: null,
})

/** When what its window holds began to be watched; null before the first observation or evaluation. */
export const watchedSinceMs = ({ startedMs, anewMs }: Pick<AlertState, 'startedMs' | 'anewMs'>): number | null =>
  startedMs === null || anewMs === null ? startedMs : Math.max(startedMs, anewMs)

/** Of one group; an alert without `by` has one, of the key ''. */
export interface AlertState {
  key: string
  labels: Readonly<Record<string, string>>
  /** Of the alert's budget of false alarms, what the group may use up. */
  share: number
  phase: AlertPhase
  /** When the alert began to watch; null until the first observation or evaluation. */
  startedMs: number | null
  /** When its window began anew, because what is measured changed; null while it is the first. */
  anewMs: number | null
  /** When it was last taken up again after a stop: silence before that says nothing of the agents. */
  resumedMs: number | null
  /** Evaluated up to here; never goes back. */
  evaluatedMs: number
  /** Newest observation of any verdict. */
  lastObservedMs: number | null
  incidentCount: number
  transitionCount: number
  /** What the window's content depends on; a rule with another key starts with an empty window. */
  ruleKey: string | null
  window: AlertWindow
  /** Of alerts on changes. */
  detector: Detector | null
  /** Of alerts on anomalies. */
  anomaly: Anomaly | null
  shared: Shared
}

export const emptyShared = (): Shared => ({
  reference: null,
  versions: new Map(),
  usual: null,
  troubled: new Set(),
  accepted: null,
})

/** `startMs`: when the alert begins to watch; by default with the first observation or evaluation. */
export function initialAlertState(
  startMs: number | null = null,
  {
    key = '',
    labels = {},
    share = 1,
    shared = emptyShared(),
  }: Partial<Pick<AlertState, 'key' | 'labels' | 'share' | 'shared'>> = {},
): AlertState {
  return {
    key,
    labels,
    share,
    phase: { kind: 'inactive' },
    startedMs: startMs,
    anewMs: null,
    resumedMs: null,
    evaluatedMs: Number.NEGATIVE_INFINITY,
    lastObservedMs: null,
    incidentCount: 0,
    transitionCount: 0,
    ruleKey: null,
    window: emptyWindow(),
    detector: null,
    anomaly: null,
    shared,
  }
}
