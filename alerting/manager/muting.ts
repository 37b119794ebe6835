/** What keeps an alert from being told: a silence, maintenance, or a page of the same eval. */
import { silencing } from '../../engine/alerting/silence.ts'
import type { AlertStates } from '../../storage/alerts/alert-states.ts'
import type { AlertControls } from '../../storage/alerts/controls.ts'
import type { NotifiedTransition } from '../notification.ts'

export interface MutingOptions {
  readonly controls: Pick<AlertControls, 'all'>
  readonly states: Pick<AlertStates, 'firingOn'>
  /** A page silences the tickets of the same eval. */
  readonly inhibits: boolean
  readonly nowMs: () => number
}

export function isMuted(
  tenant: string,
  transition: NotifiedTransition,
  { controls, states, inhibits, nowMs }: MutingOptions,
): boolean {
  if (silencing(controls.all(), tenant, transition, nowMs()).length > 0) return true
  if (!inhibits || transition.severity !== 'ticket') return false
  return states
    .firingOn(tenant, transition.evalId)
    .some(({ severity, mode, group }) => severity === 'page' && mode === 'live' && covers(group, transition.group))
}

/** A page of all groups silences the tickets of each; one of a group those of that group. */
const covers = (page: Readonly<Record<string, string>>, ticket: Readonly<Record<string, string>>): boolean =>
  Object.entries(page).every(([label, value]) => ticket[label] === value)
