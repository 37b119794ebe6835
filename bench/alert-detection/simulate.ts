/** A cell of the table: many runs of one kind of traffic, with and without a drop. */
import { wilsonInterval } from '../../engine/statistics/wilson-interval.ts'
import {
  DETECTORS,
  type DetectorName,
  detectorsOf,
  HOURS_OF_VERSION,
  type Reference,
  referenceOf,
} from './detectors.ts'
import { type Kind, MONITORED_HOURS, REFERENCE_HOURS, Traffic } from './traffic.ts'

export const DROPS = [0.02, 0.05, 0.1] as const
/** Well before the drop, so that the detector is not freshly begun; it comes with a new version. */
export const QUIET_HOURS = HOURS_OF_VERSION

export interface CellOptions {
  kind: Kind
  perHour: number
  runs: number
  drops?: readonly number[]
  seed?: number
}

export interface Cell {
  kind: Kind
  perHour: number
  runs: number
  /** Of the runs without a drop, the share with any alarm in 30 days. */
  falseAlarms: Record<DetectorName, { share: number; upTo: number }>
  /** Median hours from the drop to the alarm, of the runs that were quiet until then; infinite where most never tell. */
  delays: Record<DetectorName, number[]>
  phi: number
}

const namesOf = (parts: number): string[] => Array.from({ length: parts }, (_, s) => `part ${s}`)

export function simulateCell({ kind, perHour, runs, drops = DROPS, seed = 1 }: CellOptions): Cell {
  const alarms = record(() => 0)
  const delays = record(() => drops.map((): number[] => []))
  let phi = 0
  for (let run = 0; run < runs; run++) {
    const own = seed * 1_000_003 + run * 7 + KIND_SEED[kind] + perHour
    const quiet = new Traffic({ kind, perHour, seed: own })
    const reference = referenceFrom(quiet)
    phi += reference.baseline.phi / runs
    const first = monitor(quiet, reference, MONITORED_HOURS, Number.POSITIVE_INFINITY, 0)
    for (const name of DETECTORS) if (first[name] !== null) alarms[name]++
    for (const [i, drop] of drops.entries()) {
      const traffic = new Traffic({ kind, perHour, seed: own + 500_000_000 + i })
      const told = monitor(traffic, referenceFrom(traffic), MONITORED_HOURS, QUIET_HOURS, drop)
      for (const name of DETECTORS) {
        const at = told[name]
        if (at === null || at > QUIET_HOURS)
          delays[name][i]!.push(at === null ? Number.POSITIVE_INFINITY : at - QUIET_HOURS)
      }
    }
  }
  return {
    kind,
    perHour,
    runs,
    falseAlarms: record((name) => ({
      share: alarms[name] / runs,
      upTo: wilsonInterval({ k: alarms[name], n: runs, alpha: 0.05 }).upper,
    })),
    delays: record((name) => delays[name].map(median)),
    phi,
  }
}

const KIND_SEED: Readonly<Record<Kind, number>> = { independent: 0, sessions: 1e7, mix: 2e7, shocks: 3e7, drift: 4e7 }

const record = <T>(make: (name: DetectorName) => T): Record<DetectorName, T> => ({
  'e-SR': make('e-SR'),
  'by version': make('by version'),
  threshold: make('threshold'),
  'z-test': make('z-test'),
})

function referenceFrom(traffic: Traffic): Reference {
  const hours: { n: Int32Array; fails: Int32Array }[] = []
  for (let h = -REFERENCE_HOURS; h < 0; h++) {
    const { n, fails } = traffic.next(h, 0)
    hours.push({ n: n.slice(), fails: fails.slice() })
  }
  return referenceOf(hours, namesOf(traffic.parts))
}

/** When each first tells: hours since the looking began; null where it never does. */
function monitor(
  traffic: Traffic,
  reference: Reference,
  hours: number,
  dropAt: number,
  drop: number,
): Record<DetectorName, number | null> {
  const detectors = detectorsOf(reference, namesOf(traffic.parts), dropAt)
  const told = record((): number | null => null)
  for (let h = 0; h < hours; h++) {
    const hour = traffic.next(h, h >= dropAt ? drop : 0)
    let waiting = 0
    for (const detector of detectors) {
      if (told[detector.name] !== null) continue
      if (detector.look(hour)) told[detector.name] = h + 1
      else waiting++
    }
    if (waiting === 0) break
  }
  return told
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!
}
