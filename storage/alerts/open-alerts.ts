/** What the API shows of alerts, and takes for them. */
import type { Log } from '../log/port.ts'
import { alertTopics } from '../log/topics.ts'
import { type AlertStates, followAlertStates } from './alert-states.ts'
import { type AlertControls, followControls } from './controls.ts'

export interface OpenAlerts {
  readonly states: AlertStates
  readonly controls: AlertControls
  close(): Promise<void>
}

export async function openAlerts(options: {
  log: Pick<Log, 'read' | 'append' | 'ensureTopics'>
  nowMs: () => number
  onProblem: (text: string) => void
}): Promise<OpenAlerts> {
  await options.log.ensureTopics(alertTopics)
  const states = await followAlertStates(options)
  const controls = await followControls(options)
  return {
    states,
    controls,
    close: async () => {
      await states.close()
      await controls.close()
    },
  }
}
