import { group, setting } from '../setting.ts'
import { oneOf } from '../values.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

export const logging = group('What roles in processes of their own print.', {
  level: setting(oneOf(LOG_LEVELS), {
    about: 'the least that `assay serve` prints',
    default: 'info',
    variables: ['ASSAY_LOG_LEVEL'],
  }),
})
