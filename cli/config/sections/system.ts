import { z } from 'zod'
import type { Route } from '../../../alerting/notification.ts'
import { parseRoute, ROUTE_TAKES } from '../route.ts'
import { group, type Kind, setting, type ValueOf } from '../setting.ts'
import { list, optional } from '../values.ts'

const route: Kind<Route> = {
  takes: ROUTE_TAKES,
  schema: () =>
    z.string('must look like slack:#ops').transform((text, context): Route => {
      const parsed = parseRoute(text)
      if (parsed.ok) return parsed.route
      context.addIssue({ code: 'custom', message: parsed.message })
      return z.NEVER
    }),
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
