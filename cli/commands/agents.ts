/** `assay agents`: what each agent does now. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import { MAX_RESULTS } from '../../server/parameters.ts'
import { type LiveAgentsResponse, liveAgentsResponseSchema } from '../../server/schemas.ts'
import { exitCodes } from '../exit-codes.ts'
import { agentsTable } from './agents-table.ts'
import { askApi, DEFAULT_SERVER, serverOf } from './ask-api.ts'

interface Flags {
  agent?: string
  env?: string
  limit?: string
  watch?: boolean
  json?: boolean
  server?: string
}

const WATCH_MS = 2_000

export function registerAgents(program: Command): void {
  program
    .command('agents')
    .description('what each agent does now: runs, errors, latency, tokens, cost, verdicts')
    .option('--agent <name>', 'of one agent')
    .option('--env <name>', 'of one environment')
    .option('--limit <n>', `at most so many, 1 to ${MAX_RESULTS} (100)`)
    .option('--watch', `again every ${WATCH_MS / 1_000} s, until Ctrl-C`)
    .option('--json', 'print one JSON object instead of a table; with --watch, one a line')
    .option('--server <url>', `the instance to ask (ASSAY_URL, or ${DEFAULT_SERVER})`)
    .addHelpText(
      'after',
      `
An agent is listed until it has been silent for a quarter of an hour. Figures are of its last five minutes: ERRORS are its runs that
failed, OPEN its traces that have begun and not ended, P/F/? its verdicts: pass, fail, neither.

Examples:
  assay agents
  assay agents --watch
  assay agents --agent support --env prod --json | jq '.agents[0].verdicts'

Exit codes: 0 fine, also without an agent, 2 usage, or no Assay answers.`,
    )
    .action(async (flags: Flags) => {
      process.exitCode = await (flags.watch ? watch(flags) : show(flags, ''))
    })
}

/** What is written before each picture: of a terminal, the screen is cleared. */
const CLEAR = '\u001b[H\u001b[2J'

async function watch(flags: Flags): Promise<number> {
  const before = process.stdout.isTTY && !flags.json ? CLEAR : ''
  for (;;) {
    const code = await show(flags, before)
    if (code !== exitCodes.ok) return code
    await wait(WATCH_MS)
  }
}

async function show(flags: Flags, before: string): Promise<number> {
  const query: Record<string, string> = {}
  for (const name of ['agent', 'env', 'limit'] as const) if (flags[name] !== undefined) query[name] = flags[name]
  const answer = await askApi(serverOf(flags.server), 'v1/agents/live', query, liveAgentsResponseSchema)
  if (!answer.ok) {
    process.stderr.write(`assay agents: ${answer.message}\n`)
    return exitCodes.usage
  }
  process.stdout.write(before + (flags.json ? `${JSON.stringify(answer.value)}\n` : textOf(answer.value)))
  return exitCodes.ok
}

function textOf({ agents, total }: LiveAgentsResponse): string {
  if (agents.length === 0) return 'No agent has been seen in the last quarter of an hour.\n'
  const more = total > agents.length ? `… and ${total - agents.length} more (--limit)\n` : ''
  // A pipe has no width: whoever reads it has room.
  return `${agentsTable(agents, Date.now(), process.stdout.columns ?? Number.POSITIVE_INFINITY)}\n${more}`
}
