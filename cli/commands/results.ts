/** `assay results`: what the running instance found. */
import { type Command, Option } from 'commander'
import { z } from 'zod'
import { MAX_RESULTS } from '../../server/parameters.ts'
import { type ResultJson, resultsResponseSchema, verdictSchema } from '../../server/schemas.ts'
import { exitCodes } from '../exit-codes.ts'
import { askApi, DEFAULT_SERVER, serverOf } from './ask-api.ts'
import { evalIdOf, notInForce } from './eval-id-of.ts'
import { resultTable } from './results-table.ts'

interface ResultsFlags {
  eval?: string
  verdict?: string
  agent?: string
  trace?: string
  since?: string
  run?: string
  limit?: string
  json?: boolean
  server?: string
}

/** The line of `--json`: the same keys as those of `assay run --json`, then what only stored results have. */
export function resultLine(result: ResultJson): string {
  const { eval: evalId, traceId, spanId, verdict, score, reason, evidence, ...rest } = result
  return JSON.stringify({ eval: evalId, traceId, spanId, verdict, score, reason, evidence, ...rest })
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
    .option('--eval <id>', 'of one eval, as package/name, or by its name alone')
    .addOption(new Option('--verdict <verdict>', 'of one verdict').choices(verdictSchema.options))
    .option('--agent <name>', 'of one agent')
    .option('--trace <id>', 'of one trace: 32 hex digits')
    .option('--since <when>', 'not older than this: 10m, 24h, or 2026-01-31T09:00:00Z')
    .option('--run <id>', 'of one run: of a replay, or of an offline eval')
    .option('--limit <n>', `at most so many, 1 to ${MAX_RESULTS} (100)`)
    .option('--json', 'one JSON object a line')
    .option('--server <url>', `the instance to ask (ASSAY_URL, or ${DEFAULT_SERVER})`)
    .addHelpText(
      'after',
      `
Examples:
  assay results --since 1h
  assay results --eval support/no_pii --verdict fail
  assay results --agent support --since 24h --verdict fail
  assay results --trace 4bf92f3577b34da6a3ce929d0e0e4736
  assay results --run replay@20260131T090000Z-1f0c --verdict fail
  assay results --since 24h --json | jq -r .traceId

Why a verdict is as it is: assay explain TRACE EVAL

Exit codes: 0 fine, also without a result, 2 usage, or no Assay answers.`,
    )
    .action(async (flags: ResultsFlags) => {
      const checked = flagsSchema.safeParse(flags)
      if (!checked.success) return usage(checked.error.issues.map(({ message }) => message).join('; '))
      const filters: Record<string, string> = {}
      for (const name of ['eval', 'verdict', 'agent', 'trace', 'since', 'run', 'limit'] as const)
        if (flags[name] !== undefined) filters[name] = flags[name]
      const server = serverOf(flags.server)
      if (filters.eval !== undefined) {
        const named = await evalIdOf(server, filters.eval)
        if (!named.ok) return usage(named.message)
        filters.eval = named.value
      }
      const answer = await askApi(server, 'v1/results', filters, resultsResponseSchema)
      if (!answer.ok) return usage(answer.message)
      const { results } = answer.value
      const problem = results.length === 0 && filters.eval !== undefined ? await notInForce(server, filters.eval) : null
      if (problem !== null) return usage(problem)
      if (flags.json) for (const result of results) process.stdout.write(`${resultLine(result)}\n`)
      else if (results.length === 0) process.stdout.write('No results match.\n')
      // A pipe has no width: whoever reads it has room.
      else process.stdout.write(`${resultTable(results, process.stdout.columns ?? Number.POSITIVE_INFINITY)}\n`)
    })
}

function usage(message: string): void {
  process.stderr.write(`assay results: ${message}\n`)
  process.exitCode = exitCodes.usage
}
