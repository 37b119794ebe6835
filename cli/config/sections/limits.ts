/** What tenants may send. */
import { z } from 'zod'
import type { LimitsSettings, TenantLimits } from '../../../ingest/guard/limits.ts'
import { isTenant } from '../../../storage/access/principal.ts'
import { each, group, type Kind, setting, type ValueOf } from '../setting.ts'
import { optional, size, wholeNumber } from '../values.ts'

type Limit = number | 'unlimited'

/** Of a number, or of `unlimited` as one tenant's exception. */
const limit = (of: Kind<number>): Kind<Limit> => ({
  takes: `${of.takes}, or \`unlimited\``,
  schema: (origin) =>
    z.unknown().transform((given, context) => {
      if (given === 'unlimited') return given
      const parsed = of.schema(origin).safeParse(given)
      if (parsed.success) return parsed.data
      const [issue] = parsed.error.issues
      context.addIssue({ code: 'custom', message: `${issue?.message}, or unlimited` })
      return z.NEVER
    }),
  ...(of.fromText !== undefined && { fromText: of.fromText }),
})

const spans = limit(wholeNumber(1, 1_000_000_000_000))
const bytes = limit(size(1_000, '1KB'))

const members = (prefix: string, without: string) => ({
  spansPerSecond: setting(optional(spans), {
    about: 'spans that a tenant may send a second, on average',
    default: null,
    without,
    variables: [`${prefix}_SPANS_PER_SECOND`],
  }),
  bytesPerSecond: setting(optional(bytes), {
    about: 'bytes that it may send a second, on average: of OTLP in protobuf, inflated',
    default: null,
    without,
    variables: [`${prefix}_BYTES_PER_SECOND`],
  }),
  spansPerDay: setting(optional(spans), {
    about: 'spans that it may send a day (UTC)',
    default: null,
    without,
    variables: [`${prefix}_SPANS_PER_DAY`],
  }),
  bytesPerDay: setting(optional(bytes), {
    about: 'bytes that it may send a day',
    default: null,
    without,
    variables: [`${prefix}_BYTES_PER_DAY`],
  }),
})

/** Requests hold hundreds of spans: windows shorter than this would refuse most of them, or none. */
const DEFAULT_BURST_SECONDS = 10

const tenants = each({
  about:
    'Tenants with limits of their own. Variables have the name in capitals; one with a `-` can stand in the file alone.',
  name: 'TENANT',
  nameOf: (text) => text.toLowerCase(),
  member: group('Of one tenant.', members('ASSAY_LIMITS_TENANT_*', 'as `limits` says')),
})

export const limits = group(
  'What each tenant may send: docs/keys.md.',
  {
    ...members('ASSAY_LIMITS', 'unlimited'),
    burstSeconds: setting(wholeNumber(1, 3_600), {
      about: 'so many seconds’ worth may come at once: the averages hold over each such while',
      default: DEFAULT_BURST_SECONDS,
      variables: ['ASSAY_LIMITS_BURST_SECONDS'],
    }),
    tenants,
  },
  (config) =>
    [...config.tenants.keys()].flatMap((name) =>
      isTenant(name)
        ? []
        : [{ path: null, message: `limits.tenants has ${JSON.stringify(name)}, no name of a tenant` }],
    ),
)

export function limitsOf(config: ValueOf<typeof limits>): LimitsSettings {
  const { burstSeconds } = config
  const of = (pick: (key: keyof Omit<TenantLimits, 'burstSeconds'>) => Limit | null): TenantLimits => ({
    spansPerSecond: limitOf(pick('spansPerSecond')),
    bytesPerSecond: limitOf(pick('bytesPerSecond')),
    spansPerDay: limitOf(pick('spansPerDay')),
    bytesPerDay: limitOf(pick('bytesPerDay')),
    burstSeconds,
  })
  return {
    forAll: of((key) => config[key]),
    byTenant: new Map([...config.tenants].map(([name, own]) => [name, of((key) => own[key] ?? config[key])])),
  }
}

const limitOf = (given: Limit | null): number | null => (given === 'unlimited' ? null : given)
