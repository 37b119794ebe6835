/** `assay usage`: what a tenant sent and what its judges cost. */
import type { Command } from 'commander'
import { type UsageResponse, usageResponseSchema } from '../../server/schemas.ts'
import { exitCodes } from '../exit-codes.ts'
import { askApi, DEFAULT_SERVER, serverOf } from './ask-api.ts'
import { usageTable } from './usage-table.ts'

interface UsageFlags {
  from?: string
  to?: string
  agent?: string
  all?: boolean
  json?: boolean
  server?: string
}

export function registerUsage(program: Command): void {
  program
    .command('usage')
    .description('what a tenant sent by day and agent, and what its judges cost')
    .option('--from <day>', 'the first day (UTC): 2026-01-31, or 7d ago (30 days with the last)')
    .option('--to <day>', 'the last day (today)')
    .option('--agent <name>', 'of one agent')
    .option('--all', 'of all tenants: for whoever runs Assay')
    .option('--json', 'print one JSON object instead of text')
    .option('--server <url>', `the instance to ask (ASSAY_URL, or ${DEFAULT_SERVER})`)
    .addHelpText(
      'after',
      `
Bytes are those of texts, attributes, events and links as they are stored, before compression. Tokens and cost are those of judges.

Examples:
  assay usage
  assay usage --from 2026-01-01 --to 2026-01-31
  assay usage --from 7d --agent support --json
  assay usage --all

Exit codes: 0 fine, also without any usage, 2 usage, or no Assay answers.`,
    )
    .action(async (flags: UsageFlags) => {
      const query: Record<string, string> = {}
      for (const name of ['from', 'to'] as const) if (flags[name] !== undefined) query[name] = flags[name]
      if (flags.all) query.all = 'true'
      const answer = await askApi(serverOf(flags.server), 'v1/usage', query, usageResponseSchema)
      if (!answer.ok) {
        process.stderr.write(`assay usage: ${answer.message}\n`)
        process.exitCode = exitCodes.usage
        return
      }
      const shown: UsageResponse =
        flags.agent === undefined
          ? answer.value
          : { ...answer.value, usage: answer.value.usage.filter(({ agent }) => agent === flags.agent) }
      process.stdout.write(flags.json ? `${JSON.stringify(shown)}\n` : `${usageTable(shown)}\n`)
    })
}
