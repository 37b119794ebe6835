import type { ReceiverSettings } from '../../../alerting/receivers/config.ts'
import { group, type ValueOf } from '../setting.ts'
import { routing } from './alert-routing.ts'
import { allowPrivate, receiverSettingsOf, receivers } from './receivers.ts'

export const alerts = group('Who is told when an alert fires.', { allowPrivate, receivers, ...routing })

export const receiversOf = ({ receivers, allowPrivate }: ValueOf<typeof alerts>): ReceiverSettings =>
  receiverSettingsOf(receivers, allowPrivate)
