/** How the tables of spans and results are laid out, how long they keep them, and what a query of them may use. */
import { z } from 'zod'
import { isTenant } from '../../../storage/access/principal.ts'
import { DEFAULT_LIMITS, type QueryLimits, type TracesLimits } from '../../../storage/traces/limits.ts'
import { DEFAULT_RETENTION, type KeptDays, type RetentionSettings } from '../../../storage/traces/retention.ts'
import { group, type Kind, setting, type ValueOf } from '../setting.ts'
import { optional, size, wholeNumber } from '../values.ts'

/** Longer than data is kept anywhere, and far from where the arithmetic of dates ends. */
const MAX_DAYS = 36_500
const MAX_TENANTS = 1_000

type Kept = number | 'forever'

const KEPT_FORM = /^(\d{1,5}) ?d?$/

/** `90d`, `90` and `forever`. */
function keptOf(given: unknown): Kept | null {
  if (given === 'forever') return given
  const [, days] = KEPT_FORM.exec(String(given)) ?? []
  return days === undefined || Number(days) < 1 || Number(days) > MAX_DAYS ? null : Number(days)
}

const KEPT = 'days, such as 90d, or forever'

const kept: Kind<Kept> = {
  takes: '`90d`, any number of days from 1 on, or `forever`',
  schema: () =>
    z.unknown().transform((given, context) => {
      const found = keptOf(given)
      if (found !== null) return found
      context.addIssue({ code: 'custom', message: `must be ${KEPT}` })
      return z.NEVER
    }),
}

/** In a variable: `acme=90d,beta=forever`. */
const keptByTenant: Kind<Readonly<Record<string, Kept>>> = {
  takes: 'a map of tenants to days; in a variable `acme=90d,beta=forever`',
  schema: () =>
    z
      .record(z.string(), z.unknown(), 'must be a map of tenants to days, such as acme: 90d')
      .transform((given, context) => {
        const entries = Object.entries(given).map(([tenant, value]) => [tenant, keptOf(value)] as const)
        for (const [tenant, days] of entries) {
          const name = JSON.stringify(tenant)
          if (!isTenant(tenant))
            context.addIssue({ code: 'custom', message: `has ${name}, which is no name of a tenant` })
          if (days === null) context.addIssue({ code: 'custom', message: `must say of ${name} ${KEPT}` })
        }
        if (entries.length > MAX_TENANTS) {
          context.addIssue({ code: 'custom', message: `may have ${MAX_TENANTS} tenants at the most` })
        }
        return Object.fromEntries(entries.flatMap(([tenant, days]) => (days === null ? [] : [[tenant, days]])))
      }),
  fromText: (given) => Object.fromEntries(given.split(',').map((one) => one.split('=').map((part) => part.trim()))),
}

/** Names stand in statements. */
const name = (what: string): Kind<string> => ({
  takes: what,
  schema: () => z.string(`must be ${what}`).regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/, `must be ${what}`),
})

const LEAST_BYTES = 1_000_000

function limitsGroup(about: string, prefix: string, { memoryBytes, seconds, rows }: QueryLimits) {
  return group(about, {
    memory: setting(size(LEAST_BYTES, '1MB'), {
      about: 'the most memory of one query',
      default: memoryBytes,
      without: `${memoryBytes / 1e9}GB`,
      variables: [`${prefix}_MEMORY`],
    }),
    seconds: setting(wholeNumber(1, 3_600), {
      about: 'the longest that one may take',
      default: seconds,
      variables: [`${prefix}_SECONDS`],
    }),
    rows: setting(wholeNumber(1, 100_000_000), {
      about: 'the most rows of its answer',
      default: rows,
      variables: [`${prefix}_ROWS`],
    }),
  })
}

export const tables = {
  cluster: setting(optional(name('the name of a cluster')), {
    about:
      'the cluster that the server is of, as its `remote_servers` names it: tables are then Replicated and Distributed',
    default: null,
    without: 'one server',
    variables: ['ASSAY_TRACES_CLUSTER'],
  }),
  retention: setting(kept, {
    about: 'how long spans and results are kept, counted from when they happened',
    default: DEFAULT_RETENTION.days ?? 'forever',
    without: '365d',
    variables: ['ASSAY_TRACES_RETENTION'],
  }),
  tenantRetention: setting(keptByTenant, {
    about: 'tenants with a retention of their own',
    default: {},
    without: 'none',
    variables: ['ASSAY_TRACES_TENANT_RETENTION'],
  }),
  coldAfter: setting(kept, {
    about: 'after this they move to the cold volume, where a storage policy of the server has one',
    default: DEFAULT_RETENTION.coldAfterDays ?? 'forever',
    without: '30d',
    variables: ['ASSAY_TRACES_COLD_AFTER'],
  }),
  storagePolicy: setting(optional(name('the name of a storage policy')), {
    about: 'the storage policy of the tables',
    default: null,
    without: 'the one that has a cold volume',
    variables: ['ASSAY_TRACES_STORAGE_POLICY'],
  }),
  coldVolume: setting(name('the name of a volume'), {
    about: "the policy's cold volume",
    default: DEFAULT_RETENTION.coldVolume,
    variables: ['ASSAY_TRACES_COLD_VOLUME'],
  }),
  api: limitsGroup('What a query of the API may use.', 'ASSAY_TRACES_API', DEFAULT_LIMITS.api),
  runs: limitsGroup(
    'What a query of offline runs, backtests and exports may use.',
    'ASSAY_TRACES_RUNS',
    DEFAULT_LIMITS.runs,
  ),
}

export interface TablesSettings {
  readonly cluster: string | null
  readonly retention: RetentionSettings
  readonly limits: TracesLimits
}

export function tablesOf(config: { readonly [K in keyof typeof tables]: ValueOf<(typeof tables)[K]> }): TablesSettings {
  const { retention, tenantRetention, coldAfter, storagePolicy, coldVolume, api, runs } = config
  return {
    cluster: config.cluster,
    retention: {
      days: daysOf(retention),
      tenantDays: new Map(Object.entries(tenantRetention).map(([tenant, days]) => [tenant, daysOf(days)])),
      coldAfterDays: daysOf(coldAfter),
      storagePolicy,
      coldVolume,
    },
    limits: { api: limitsOf(api), runs: limitsOf(runs) },
  }
}

const daysOf = (days: Kept): KeptDays => (days === 'forever' ? null : days)

const limitsOf = ({ memory, seconds, rows }: { memory: number; seconds: number; rows: number }): QueryLimits => ({
  memoryBytes: memory,
  seconds,
  rows,
})
