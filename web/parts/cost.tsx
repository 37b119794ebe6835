import { NO_PRICE } from '../../engine/no-price.ts'
import { formatCost, formatUsd } from './format.ts'
import { Explained } from './popover.tsx'

const WAYS = {
  agents:
    'No span says what its call cost. Send it with the span, as gen_ai.usage.cost for one: spans are not priced here.',
  judges:
    'The configuration has no price of the judge. Set it by cost.prices in assay.yaml, in USD per million tokens; 0 for one of your own.',
} as const

/** What something cost; where nobody knows, how it is told. `tokens`: where it may be that none were used. */
export function Cost({ usd, tokens, of }: { usd: number | null; tokens?: number; of: keyof typeof WAYS }) {
  if (usd === null && tokens !== 0) return <Explained word={NO_PRICE}>{WAYS[of]}</Explained>
  return tokens === undefined && usd !== null ? formatUsd(usd) : formatCost(usd, tokens ?? 0)
}
