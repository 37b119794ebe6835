/** A subject's way into what an alert on changes knows: the reference, the look at hand, the versions. */
import type { RegressionAlert } from '../run-alert.ts'
import type { AlertState } from '../state.ts'
import { stratumOf } from '../stratum.ts'
import { addVersion } from '../versions.ts'
import type { Observation } from '../window.ts'
import { addToLook, closeLook, useFit } from './detector.ts'
import { addToReference, fitReference, isFitDue, lookMsOf, type Reference, stratumIn } from './reference.ts'
import { unitOf } from './unit.ts'

/** Each subject once: the first verdict on it that is settled. Later revisions of it, and what it said before, are of no other subject. */
export function observeChange(state: AlertState, alert: RegressionAlert, observation: Observation): void {
  const { shared, detector, window } = state
  const { reference } = shared
  if (reference === null || detector === null) return
  if ((observation.revision ?? 1) !== 1 || window.seen.get(observation.key) !== undefined) return
  const { atMs, labels, score, isStale } = observation
  fitIfDue(state, alert, atMs)
  const stratum = stratumOf(labels, Object.keys(state.labels))
  const value = score
  const { fit } = reference
  if (shared.troubled.size === 0) {
    const x = unitOf(alert, observation, reference.roughCutoff)
    addToReference(reference, alert, { atMs, stratum, x, value })
  }
  if (fit === null || isStale === true) return
  useFit(detector, fit)
  closeLook(detector, fit, atMs)
  const x = unitOf(alert, observation, fit.cutoff)
  if (x === null) return
  // Of a quantile versions and parts are compared by a cutoff that a new fit does not move.
  const rough = fit.cutoff === null ? null : roughOf(reference, alert, observation)
  const compared = fit.cutoff === null ? x : (rough?.x ?? null)
  if (compared !== null) addVersion(shared.versions, labels, atMs, compared)
  addToLook(detector, {
    atMs,
    stratum: stratumIn(reference, stratum),
    x,
    value: fit.cutoff === null ? undefined : value,
    rough,
  })
}

function roughOf(
  { roughCutoff }: Reference,
  alert: RegressionAlert,
  observation: Observation,
): { cutoff: number; x: number } | null {
  const x = unitOf(alert, observation, roughCutoff)
  return roughCutoff === null || x === null ? null : { cutoff: roughCutoff, x }
}

/** With the first subject of a new look of the reference, unless it is known that something is wrong. */
function fitIfDue({ shared }: AlertState, alert: RegressionAlert, atMs: number): void {
  const { reference } = shared
  if (reference === null || shared.troubled.size > 0) return
  const last = reference.looks.at(-1)
  if (last === undefined || last.index === Math.floor(atMs / lookMsOf(alert))) return
  if (!isFitDue(reference, alert, atMs)) return
  reference.fit = fitReference(reference, alert, atMs) ?? reference.fit
}
