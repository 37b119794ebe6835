/** A subject's way into what an alert on changes knows: the reference, the look at hand, the versions. */
import type { RegressionAlert } from '../run-alert.ts'
import type { AlertState } from '../state.ts'
import { addVersion, DEPLOY_LABELS } from '../versions.ts'
import type { Observation } from '../window.ts'
import { addToLook, closeLook, useFit } from './detector.ts'
import { addToReference, fitReference, isFitDue, lookMsOf, stratumIn } from './reference.ts'
import { unitOf } from './unit.ts'

/** Of every stream; the others that an alert is divided by join them. */
const STRATUM_LABELS = ['agent.name', 'env']

/** Versions, models and the like are what is judged, and no part of the traffic: a bad one would be its own measure. */
const TREATMENTS: readonly string[] = DEPLOY_LABELS

/** `agent.name=support env=prod`; empty where nothing is known of it. */
export function stratumOf(labels: Readonly<Record<string, string>> | undefined, groupLabels: Iterable<string>): string {
  if (labels === undefined) return ''
  const names = new Set([...STRATUM_LABELS, ...groupLabels])
  const parts: string[] = []
  for (const name of names)
    if (!TREATMENTS.includes(name) && labels[name] !== undefined) parts.push(`${name}=${labels[name]}`)
  return parts.join(' ')
}

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
  addVersion(shared.versions, labels, atMs, x)
  addToLook(detector, {
    atMs,
    stratum: stratumIn(reference, stratum),
    x,
    value: fit.cutoff === null ? undefined : value,
  })
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
