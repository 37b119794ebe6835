/** Usage as a table for a terminal. */
import { NO_PRICE, sumOfKnown } from '../../engine/no-price.ts'
import type { UsageResponse } from '../../server/schemas.ts'
import { printable } from './printable.ts'

type Row = UsageResponse['usage'][number]

const count = (value: number): string => value.toLocaleString('en-GB')

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** `1.2 GB`, of a thousand each. */
export function sizeText(bytes: number): string {
  let unit = 0
  let value = bytes
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000
    unit++
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${UNITS[unit]}`
}

const COLUMNS: readonly { title: string; cell: (row: Row) => string; isNumber?: true }[] = [
  { title: 'DAY', cell: ({ day }) => day },
  { title: 'TENANT', cell: ({ tenant }) => tenant },
  { title: 'AGENT', cell: ({ agent }) => printable(agent ?? '') },
  { title: 'SPANS', cell: ({ spans }) => count(spans), isNumber: true },
  { title: 'BYTES', cell: ({ bytes }) => sizeText(bytes), isNumber: true },
  { title: 'JUDGE TOKENS', cell: (row) => count(row.judgeInputTokens + row.judgeOutputTokens), isNumber: true },
  {
    title: 'JUDGE COST',
    cell: ({ judgeCostUsd }) => (judgeCostUsd === null ? NO_PRICE : `${judgeCostUsd.toFixed(4)} USD`),
    isNumber: true,
  },
]

/** A line for each day, tenant and agent, and their sum. */
export function usageTable({ from, to, usage }: UsageResponse): string {
  if (usage.length === 0) return `No usage from ${from} to ${to}.`
  const total: Row = {
    day: 'total',
    tenant: '',
    spans: 0,
    bytes: 0,
    judgeInputTokens: 0,
    judgeOutputTokens: 0,
    judgeCostUsd: sumOfKnown(usage.map(({ judgeCostUsd }) => judgeCostUsd)),
  }
  for (const row of usage) {
    total.spans += row.spans
    total.bytes += row.bytes
    total.judgeInputTokens += row.judgeInputTokens
    total.judgeOutputTokens += row.judgeOutputTokens
  }
  const lines = [
    COLUMNS.map(({ title }) => title),
    ...[...usage, total].map((row) => COLUMNS.map(({ cell }) => cell(row))),
  ]
  const widths = COLUMNS.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)))
  const table = lines
    .map((line) =>
      line
        .map((cell, at) => (COLUMNS[at]!.isNumber ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
  return usage.some(({ judgeCostUsd }) => judgeCostUsd === null) ? `${table}\n\n${SET_PRICES}` : table
}

const SET_PRICES = `${NO_PRICE}: set cost.prices of these judges in assay.yaml (docs/configuration.md), in USD per million tokens; 0 for one of your own.`
