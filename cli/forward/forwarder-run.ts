import type { ForwardSettings } from './forward-settings.ts'

/** In the environment of the process that forwards: nobody else can read it, as with secrets that come by variables. */
export const RUN_VARIABLE = 'ASSAY_FORWARD_RUN'

export interface ForwarderRun {
  readonly settings: ForwardSettings
  readonly resend: boolean
}
