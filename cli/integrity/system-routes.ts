/** Who is told what Assay finds out about itself. */
import type { Route } from '../../alerting/notification.ts'
import { CannotStart } from '../roles/run-role.ts'

const VARIABLE = 'ASSAY_SYSTEM_NOTIFY'

/** `slack:#ops`; several with commas. Without it, notices are printed where the alert manager runs. Throws `CannotStart`. */
export function systemRoutes(env: Readonly<Record<string, string | undefined>>): Route[] {
  const text = env[VARIABLE] ?? ''
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map((one) => {
      const target = /^slack:(\S+)$/.exec(one)?.[1]
      if (target === undefined) {
        throw new CannotStart(`${VARIABLE} must look like slack:#ops (it has ${JSON.stringify(one)})`)
      }
      return { receiver: 'slack' as const, target }
    })
}
