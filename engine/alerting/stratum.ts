/** Which part of the traffic a subject is of. */
import { DEPLOY_LABELS } from './versions.ts'

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
