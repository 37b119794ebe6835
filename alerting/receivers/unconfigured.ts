/** Whom alerts name that the settings do not have: nobody would be told. */
import type { AlertPlan, ReceiverPlan } from '../../dsl/plan.ts'
import { routeName } from '../notification.ts'
import { createReceivers, type ReceiverSettings } from './config.ts'

export interface Unconfigured {
  /** What to set before the receiver is told anything; null where it is configured. */
  lackOf(route: ReceiverPlan): string | null
  /** Prints what it has not printed yet of the alerts in force. */
  tell(alerts: readonly AlertPlan[]): void
}

/** `print`: a line for each receiver that is not configured. */
export function tellUnconfigured(settings: ReceiverSettings, print: (line: string) => void): Unconfigured {
  // They are looked up, and sent nothing.
  const receivers = createReceivers(settings, { apiUrl: () => null, nowMs: () => 0 })
  const told = new Set<string>()
  const lackOf = (route: ReceiverPlan): string | null => (receivers.find(route) === null ? receivers.hint(route) : null)
  const tell = (alerts: readonly AlertPlan[]): void => {
    const lacking = alerts
      // In shadow mode it tells nobody anyway.
      .filter(({ mode }) => mode === 'live')
      .flatMap(({ id, notify }) => notify.map((route) => ({ id, name: routeName(route), lack: lackOf(route) })))
      .filter(({ lack }) => lack !== null)
    for (const [name, all] of Map.groupBy(lacking, (one) => one.name)) {
      const ids = all.map(({ id }) => id).join(', ')
      const line = `${name} is not configured: nobody is told of ${ids}, but for this terminal; ${all[0]?.lack}`
      if (!told.has(line)) print(line)
      told.add(line)
    }
  }
  return { lackOf, tell }
}
