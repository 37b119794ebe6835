import { z } from 'zod'
import type { Route } from '../../../alerting/notification.ts'
import { group, type Kind, setting, type ValueOf } from '../setting.ts'
import { list, optional } from '../values.ts'

const error = 'must look like slack:#ops'

const route: Kind<Route> = {
  takes: '`slack:#channel`',
  schema: () =>
    z
      .string(error)
      .regex(/^slack:\S+$/, error)
      .transform((text) => ({ receiver: 'slack' as const, target: text.slice('slack:'.length) })),
}

export const system = group('What Assay finds out about itself.', {
  notify: setting(optional(list(route)), {
    about: 'who is told of it, in the way of alerts: that the store and the log do not agree, say',
    default: null,
    without: 'printed where alerts are',
    variables: ['ASSAY_SYSTEM_NOTIFY'],
  }),
})

export const systemRoutesOf = ({ notify }: ValueOf<typeof system>): readonly Route[] => notify ?? []
