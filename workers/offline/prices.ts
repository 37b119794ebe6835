/** What judges cost: USD per million tokens is micro-USD per token. */

export interface Price {
  readonly input: number
  readonly output: number
}

/** By a judge's whole name: `openai/gpt-5-mini`. */
export type Prices = Readonly<Record<string, Price>>

export function costMicroUsd({ input, output }: Price, inputTokens: number, outputTokens: number): number {
  return Math.ceil(input * inputTokens + output * outputTokens)
}

/** What judges cost and may cost. Passes to threads by structured clone. */
export interface SpendingSettings {
  readonly prices: Prices
  /** USD of a tenant; null for no bound. */
  readonly usdPerMonth: number | null
  readonly usdPerMonthByTenant: ReadonlyMap<string, number>
}

export const NO_SPENDING: SpendingSettings = { prices: {}, usdPerMonth: null, usdPerMonthByTenant: new Map() }

export function tenantPerMonthMicroUsd(
  { usdPerMonth, usdPerMonthByTenant }: SpendingSettings,
  tenant: string,
): number | null {
  const usd = usdPerMonthByTenant.get(tenant) ?? usdPerMonth
  return usd === null ? null : Math.round(usd * 1e6)
}
