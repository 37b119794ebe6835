/** Live agents as a table for a terminal. */
import { NO_PRICE } from '../../engine/no-price.ts'
import type { LiveAgentJson } from '../../server/schemas.ts'

interface Column {
  title: string
  cell: (agent: LiveAgentJson, nowMs: number) => string
  /** Figures stand under one another. */
  isFigure?: true
  /** Left out from the right where there is no room. */
  optional?: true
}

const short = (value: number): string =>
  value >= 1_000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))

function agoText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`
}

const durationText = (ms: number): string => (ms < 1_000 ? `${short(ms)} ms` : `${short(ms / 1_000)} s`)

function verdictsText({ verdicts }: LiveAgentJson): string {
  const sum = { pass: 0, fail: 0, neither: 0 }
  for (const { pass, fail, unknown, error } of Object.values(verdicts)) {
    sum.pass += pass
    sum.fail += fail
    sum.neither += unknown + error
  }
  return sum.pass + sum.fail + sum.neither === 0 ? '' : `${sum.pass}/${sum.fail}/${sum.neither}`
}

const columns: readonly Column[] = [
  { title: 'AGENT', cell: ({ agent }) => agent },
  { title: 'ENV', cell: ({ env }) => env ?? '' },
  { title: 'SEEN', cell: ({ lastSeen }, nowMs) => agoText(nowMs - Date.parse(lastSeen)), isFigure: true },
  { title: 'OPEN', cell: ({ inFlightTraces }) => String(inFlightTraces), isFigure: true },
  { title: 'RUNS/MIN', cell: ({ runsPerMinute }) => short(runsPerMinute), isFigure: true },
  {
    title: 'ERRORS',
    cell: ({ errorRate }) => (errorRate === null ? '' : `${short(errorRate * 100)}%`),
    isFigure: true,
  },
  {
    title: 'P95',
    cell: ({ p95DurationMs }) => (p95DurationMs === null ? '' : durationText(p95DurationMs)),
    isFigure: true,
  },
  { title: 'P/F/?', cell: verdictsText, isFigure: true },
  { title: 'TOKENS/MIN', cell: ({ tokensPerMinute }) => short(tokensPerMinute), isFigure: true, optional: true },
  {
    title: 'USD/MIN',
    cell: ({ costUsdPerMinute }) => (costUsdPerMinute === null ? NO_PRICE : short(costUsdPerMinute)),
    isFigure: true,
    optional: true,
  },
  { title: 'VERSION', cell: ({ versions }) => versions[0] ?? '', optional: true },
  { title: 'MODELS', cell: ({ models }) => models.join(', '), optional: true },
]

const GAP = '  '
/** Names are senders' texts: a terminal would obey what is in them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const printable = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '·')

export function agentsTable(agents: readonly LiveAgentJson[], nowMs: number, widthChars: number): string {
  let used = 0
  const shown = columns.flatMap(({ title, cell, isFigure, optional }) => {
    const cells = [title, ...agents.map((agent) => printable(cell(agent, nowMs)))]
    const width = Math.max(...cells.map(({ length }) => length))
    if (optional && used + width > widthChars) return []
    used += width + GAP.length
    return [cells.map((text) => (isFigure ? text.padStart(width) : text.padEnd(width)))]
  })
  return ['', ...agents]
    .map((_, row) =>
      shown
        .map((cells) => cells[row]!)
        .join(GAP)
        .trimEnd(),
    )
    .join('\n')
}
