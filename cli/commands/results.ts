/** `assay results`: what the running instance found. */
import type { Command } from 'commander'
import { z } from 'zod'
import { problemSchema, type ResultJson, resultsResponseSchema } from '../../server/schemas.ts'
import { exitCodes } from '../exit-codes.ts'

interface ResultsFlags {
  eval?: string
  verdict?: string
  since?: string
  limit?: string
  json?: boolean
  server?: string
}

export type Fetched = { ok: true; results: ResultJson[] } | { ok: false; message: string }

const DEFAULT_SERVER = 'http://127.0.0.1:3000'
const TIMEOUT_MS = 30_000

/** Asks a running instance. Every failure is a sentence that says what to do. */
export async function fetchResults(server: string, filters: Readonly<Record<string, string>>): Promise<Fetched> {
  const url = URL.parse('v1/results', server.endsWith('/') ? server : `${server}/`)
  if (url === null || !/^https?:$/.test(url.protocol))
    return { ok: false, message: `${JSON.stringify(server)} is not an http or https address` }
  for (const [name, value] of Object.entries(filters)) url.searchParams.set(name, value)
  let response: Response
  let body: unknown
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    body = await response.json()
  } catch (error) {
    if (error instanceof SyntaxError)
      return { ok: false, message: `what answers at ${url.origin} is not Assay; see --server` }
    return {
      ok: false,
      message: `no Assay answers at ${url.origin}; start one with npm start, or name another with --server or ASSAY_URL`,
    }
  }
  const parsed = resultsResponseSchema.safeParse(body)
  if (response.ok && parsed.success) return { ok: true, results: parsed.data.results }
  const problem = problemSchema.safeParse(body)
  if (problem.success) return { ok: false, message: problem.data.detail ?? problem.data.title }
  return { ok: false, message: `what answers at ${url.origin} is not Assay; see --server` }
}

/** The line of `--json`: the same keys as those of `assay run --json`, then what only stored results have. */
export function resultLine(result: ResultJson): string {
  const { eval: evalId, traceId, spanId, verdict, score, reason, evidence, ...rest } = result
  return JSON.stringify({ eval: evalId, traceId, spanId, verdict, score, reason, evidence, ...rest })
}

const reasonText = ({ reason }: ResultJson): string[] =>
  reason ? [[reason.code, reason.field ?? reason.detail].filter((part) => part !== undefined).join(': ')] : []

const evidenceText = ({ evidence }: ResultJson): string[] =>
  evidence.map(({ field, pattern, masked }) => `${field}: ${masked} (${pattern})`)

const EXPLANATION_CHARS = 100

function detailsOf(result: ResultJson): string {
  const parts = [...evidenceText(result), ...reasonText(result)]
  if (result.explanation) {
    const [line = ''] = result.explanation.split('\n')
    parts.push(line.length > EXPLANATION_CHARS ? `${line.slice(0, EXPLANATION_CHARS - 1)}…` : line)
  }
  return parts.join('; ')
}

/** Text of traces may hold control characters; a terminal would obey them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const printable = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '·')

/** Columns as wide as their content; the last one takes what it needs. */
export function resultTable(results: readonly ResultJson[]): string {
  const rows = [
    ['TIME (UTC)', 'EVAL', 'VERDICT', 'SCORE', 'TRACE', 'DETAILS'],
    ...results.map((result) => [
      result.evaluatedAt.slice(0, 19).replace('T', ' '),
      result.eval,
      result.mode === 'shadow' ? `${result.verdict} (shadow)` : result.verdict,
      result.score === undefined ? '' : String(Number(result.score.toPrecision(4))),
      result.traceId,
      detailsOf(result),
    ]),
  ].map((row) => row.map(printable))
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const flagsSchema = z.object({
  limit: z
    .string()
    .regex(/^[1-9]\d*$/, '--limit expects a number above 0')
    .optional(),
})

export function registerResults(program: Command): void {
  program
    .command('results')
    .description('what the running instance found, newest first')
    .option('--eval <id>', 'of one eval, as package/name')
    .option('--verdict <verdict>', 'pass, fail, unknown or error')
    .option('--since <when>', 'not older than this: 10m, 24h, or 2026-01-31T09:00:00Z')
    .option('--limit <n>', 'at most so many (100)')
    .option('--json', 'one JSON object a line')
    .option('--server <url>', `the instance to ask (ASSAY_URL, or ${DEFAULT_SERVER})`)
    .addHelpText(
      'after',
      `
Examples:
  assay results --since 1h
  assay results --eval support/no_pii --verdict fail
  assay results --since 24h --json | jq -r .traceId`,
    )
    .action(async (flags: ResultsFlags) => {
      const checked = flagsSchema.safeParse(flags)
      if (!checked.success) return usage(checked.error.issues.map(({ message }) => message).join('; '))
      const filters: Record<string, string> = {}
      for (const name of ['eval', 'verdict', 'since', 'limit'] as const)
        if (flags[name] !== undefined) filters[name] = flags[name]
      const fetched = await fetchResults(flags.server ?? (process.env.ASSAY_URL || DEFAULT_SERVER), filters)
      if (!fetched.ok) return usage(fetched.message)
      const { results } = fetched
      if (flags.json) for (const result of results) process.stdout.write(`${resultLine(result)}\n`)
      else if (results.length === 0) process.stdout.write('No results match.\n')
      else process.stdout.write(`${resultTable(results)}\n`)
    })
}

function usage(message: string): void {
  process.stderr.write(`assay results: ${message}\n`)
  process.exitCode = exitCodes.usage
}
