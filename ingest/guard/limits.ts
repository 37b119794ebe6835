/** What a tenant may send: so much a second, with bursts, and so much a day. */
import type { DailyQuota } from './daily-quota.ts'
import type { RateWindows } from './rate-windows.ts'

/** Null: no limit. */
export interface TenantLimits {
  readonly spansPerSecond: number | null
  readonly bytesPerSecond: number | null
  /** So many seconds' worth may come at once. */
  readonly burstSeconds: number
  readonly spansPerDay: number | null
  readonly bytesPerDay: number | null
}

export interface LimitsSettings {
  readonly forAll: TenantLimits
  /** Tenants with limits of their own. */
  readonly byTenant: ReadonlyMap<string, TenantLimits>
}

export type OverLimit =
  /** It would be refused at any time. */
  | { readonly kind: 'never'; readonly message: string }
  | {
      readonly kind: 'later'
      readonly reason: 'rate_limited' | 'quota_used'
      readonly message: string
      readonly retryAfterSeconds: number
    }

export interface LimitsView {
  /** Tenants that are refused at the moment. */
  readonly refusedTenants: number
  /** Why limits are counted by this gateway alone although they are to be shared; null: as it should be. */
  readonly trouble: string | null
}

export interface Limits {
  /** Whether anything of the tenant would be refused now, as far as is known without asking: before a body is read. */
  closed(tenant: string): OverLimit | null
  /**
   * Counts what is about to be appended, for the window and the day that `atMs` lies in. Null, and null by promise: it may be. Of a tenant
   * without limits there is no promise to wait for.
   */
  take(tenant: string, spans: number, bytes: number, atMs: number): Promise<OverLimit | null> | null
  /** Nothing of what was taken as of `atMs` was appended. */
  giveBack(tenant: string, spans: number, bytes: number, atMs: number): void
  view(): LimitsView
  close(): Promise<void>
}

export const NO_LIMITS: Limits = {
  closed: () => null,
  take: () => null,
  giveBack: () => {},
  view: () => ({ refusedTenants: 0, trouble: null }),
  close: async () => {},
}

export interface LimitsOptions {
  settings: LimitsSettings
  windows: RateWindows
  quota: DailyQuota
  nowMs: () => number
}

const DAY_MS = 86_400_000
const LOOK_AGAIN_MS = 60_000

export function createLimits({ settings, windows, quota, nowMs }: LimitsOptions): Limits {
  const refused = new Map<string, Refused>()
  const limitsOf = (tenant: string): TenantLimits | null => {
    const limits = settings.byTenant.get(tenant) ?? settings.forAll
    return isUnlimited(limits) ? null : limits
  }
  const overBy = ({ reason, message, retryAtMs }: Omit<Refused, 'untilMs'>): OverLimit => {
    return { kind: 'later', reason, message, retryAfterSeconds: Math.max(1, Math.ceil((retryAtMs - nowMs()) / 1_000)) }
  }
  const closed = (tenant: string): OverLimit | null => {
    const found = refused.get(tenant)
    if (found === undefined) return null
    if (found.untilMs > nowMs()) return overBy(found)
    refused.delete(tenant)
    return null
  }

  const overRate = async (
    tenant: string,
    measure: Measure,
    burstSeconds: number,
    atMs: number,
  ): Promise<OverLimit | null> => {
    const { unit, amount, perSecond } = measure
    if (perSecond === null) return null
    const limit = perSecond * burstSeconds
    const may = `tenant ${tenant} may send ${perSecond} ${unit} a second, ${limit} within ${burstSeconds} s`
    if (amount > limit) return neverOf(measure, may)
    const window = windowOf(tenant, unit, burstSeconds, atMs)
    const { isTaken, takenBefore } = await windows.take(window.key, amount, limit, burstSeconds)
    if (isTaken) return null
    const over = { reason: 'rate_limited', message: `${may}; nothing was kept`, retryAtMs: window.endMs } as const
    // Else a smaller batch may still fit.
    if (takenBefore >= limit) refused.set(tenant, { ...over, untilMs: window.endMs })
    return overBy(over)
  }

  const overQuota = async (tenant: string, measure: Measure, atMs: number): Promise<OverLimit | null> => {
    const { unit, amount, perDay } = measure
    if (perDay === null) return null
    if (amount > perDay) return neverOf(measure, `tenant ${tenant} may send ${perDay} ${unit} a day`)
    const left = await quota.take(`${tenant}:${unit}`, amount, perDay, atMs)
    if (left === null) return null
    const endMs = (Math.floor(nowMs() / DAY_MS) + 1) * DAY_MS
    const until = new Date(endMs).toISOString()
    const message = `tenant ${tenant} has ${left === 0 ? 'none' : `no more than ${left}`} left of its ${perDay} ${unit} of the day, until ${until}; nothing was kept`
    const over = { reason: 'quota_used', message, retryAtMs: endMs } as const
    // A smaller batch may still fit; and a gateway that stops gives the rest of its portion back: that is looked for before the day ends.
    if (left === 0) refused.set(tenant, { ...over, untilMs: Math.min(endMs, nowMs() + LOOK_AGAIN_MS) })
    return overBy(over)
  }

  const giveBackRates = (
    tenant: string,
    { burstSeconds }: TenantLimits,
    measures: readonly Measure[],
    atMs: number,
  ): void => {
    for (const { unit, amount, perSecond } of measures) {
      if (perSecond === null) continue
      void windows.giveBack(windowOf(tenant, unit, burstSeconds, atMs).key, amount, burstSeconds)
    }
  }
  const giveBackQuota = (tenant: string, measures: readonly Measure[], atMs: number): void => {
    for (const { unit, amount, perDay } of measures) {
      if (perDay !== null) quota.giveBack(`${tenant}:${unit}`, amount, atMs)
    }
  }

  const take = async (
    tenant: string,
    limits: TenantLimits,
    measures: readonly Measure[],
    atMs: number,
  ): Promise<OverLimit | null> => {
    const closedNow = closed(tenant)
    if (closedNow !== null) return closedNow
    for (const [at, one] of measures.entries()) {
      const over = await overRate(tenant, one, limits.burstSeconds, atMs)
      if (over === null) continue
      giveBackRates(tenant, limits, measures.slice(0, at), atMs)
      return over
    }
    for (const [at, one] of measures.entries()) {
      const over = await overQuota(tenant, one, atMs)
      if (over === null) continue
      giveBackRates(tenant, limits, measures, atMs)
      giveBackQuota(tenant, measures.slice(0, at), atMs)
      return over
    }
    return null
  }

  return {
    closed,
    take: (tenant, spans, bytes, atMs) => {
      const limits = limitsOf(tenant)
      return limits === null ? null : take(tenant, limits, measuresOf(limits, spans, bytes), atMs)
    },
    giveBack: (tenant, spans, bytes, atMs) => {
      const limits = limitsOf(tenant)
      if (limits === null) return
      const measures = measuresOf(limits, spans, bytes)
      giveBackRates(tenant, limits, measures, atMs)
      giveBackQuota(tenant, measures, atMs)
    },
    view: () => ({
      refusedTenants: [...refused.values()].filter(({ untilMs }) => untilMs > nowMs()).length,
      trouble: windows.trouble() ?? quota.trouble(),
    }),
    close: () => quota.close(),
  }
}

/** A tenant of whom nothing is taken until then, without a further question. */
interface Refused {
  readonly untilMs: number
  readonly reason: 'rate_limited' | 'quota_used'
  readonly message: string
  /** When to try again, as it is told. */
  readonly retryAtMs: number
}

/** What a request is held to in one unit. */
interface Measure {
  readonly unit: 'spans' | 'bytes'
  readonly amount: number
  readonly perSecond: number | null
  readonly perDay: number | null
}

const measuresOf = (limits: TenantLimits, spans: number, bytes: number): readonly Measure[] => [
  { unit: 'spans', amount: spans, perSecond: limits.spansPerSecond, perDay: limits.spansPerDay },
  { unit: 'bytes', amount: bytes, perSecond: limits.bytesPerSecond, perDay: limits.bytesPerDay },
]

/** Whether there is nothing to count. */
export function isUnlimited({ spansPerSecond, bytesPerSecond, spansPerDay, bytesPerDay }: TenantLimits): boolean {
  return spansPerSecond === null && bytesPerSecond === null && spansPerDay === null && bytesPerDay === null
}

const neverOf = ({ amount, unit }: Measure, may: string): OverLimit => ({
  kind: 'never',
  message: `the batch has ${amount} ${unit}, and ${may}: send smaller batches`,
})

/** The window that a moment lies in: its key, and when it ends. */
function windowOf(tenant: string, unit: string, seconds: number, nowMs: number): { key: string; endMs: number } {
  const number = Math.floor(nowMs / (seconds * 1_000))
  return { key: `${tenant}:${unit}:${seconds}:${number}`, endMs: (number + 1) * seconds * 1_000 }
}
