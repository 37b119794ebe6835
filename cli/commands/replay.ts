import { type Command, Option } from 'commander'
import { DEFAULT_MAX_SPANS, DEFAULT_SPANS_PER_SECOND, MAX_REPLAY_DAYS } from '../../storage/replays/ask.ts'
import { DEFAULT_SERVER } from './ask-api.ts'

export interface ReplayFlags {
  from?: string
  to?: string
  evals?: string[]
  eval?: string[]
  source?: 'log' | 'store'
  alerts?: boolean
  rate: string
  maxSpans: string
  dryRun?: boolean
  detach?: boolean
  resume?: string
  json?: boolean
  server?: string
}

const SERVER: readonly [string, string] = ['--server <url>', `the instance to ask (ASSAY_URL, or ${DEFAULT_SERVER})`]
const JSON_FLAG: readonly [string, string] = ['--json', 'one JSON object a line instead of text']

/** `assay replay`. */
export function registerReplay(program: Command): void {
  const replay = program
    .command('replay')
    .description('evaluate again what was sent, into a run of its own')
    .option('--from <when>', 'what came since then: 24h, 7d, or 2026-01-31T09:00:00Z')
    .option('--to <when>', 'and before this (now)')
    .option('--evals <paths...>', 'files or folders with the definitions (those in force)')
    .option('--eval <ids...>', 'these evals alone, as package/name (all online evals)')
    .addOption(
      new Option('--source <source>', 'log: as it was sent, while it is kept; store: the stored spans').choices([
        'log',
        'store',
      ]),
    )
    .option('--alerts', 'let alerts count the results as if they came now; without it nobody is paged')
    .option('--rate <n>', 'spans a second at the most', String(DEFAULT_SPANS_PER_SECOND))
    .option('--max-spans <n>', 'refuse a period with more', String(DEFAULT_MAX_SPANS))
    .option('--dry-run', 'tell what would be read, and read nothing')
    .option('--detach', 'ask for it and return; assay replay status tells how far it is')
    .option('--resume <run>', 'go on with one that was stopped or has failed, or follow one that runs')
    .option(...JSON_FLAG)
    .option(...SERVER)
    .addHelpText(
      'after',
      `
The running Assay does the work, beside what is live: its results are stored under a run id, and no query, rate or alert
counts them unless asked. It reads the log where that reaches back far enough, else the stored spans, and says which. Online
evals alone are run; no judge is asked. Ctrl-C stops the replay where it is; one that a crash ends goes on by itself. It
takes a key that may edit, where the Assay asks for keys. A replay covers ${MAX_REPLAY_DAYS} days at the most.

Examples:
  assay replay --from 24h --dry-run                   what would be read
  assay replay --from 24h --evals evals               under the definitions of a folder
  assay replay --from 2026-01-30T00:00:00Z --to 2026-01-31T00:00:00Z --eval support/no_pii
  assay replay --resume replay@20260131T090000Z-1f0c
  assay results --run replay@20260131T090000Z-1f0c --verdict fail

Exit codes: 0 done, 1 it failed or was stopped, or the files do not check, 2 usage, or no Assay answers, 130 stopped by Ctrl-C.`,
    )
    .action(async (_: unknown, command: Command) => {
      const { runReplay } = await import('../replay/run-replay.ts')
      process.exitCode = await runReplay(command.opts<ReplayFlags>())
    })
  // The flags that both know are the parent's, wherever they stand.
  replay
    .command('list')
    .description('replays, newest first')
    .option(...JSON_FLAG)
    .option(...SERVER)
    .action(async (_: unknown, command: Command) => {
      const { listReplays } = await import('../replay/other-commands.ts')
      process.exitCode = await listReplays(command.optsWithGlobals<ReplayFlags>())
    })
  replay
    .command('status')
    .description('how far one is, and what it found next to what is live')
    .argument('<run>')
    .option(...JSON_FLAG)
    .option(...SERVER)
    .action(async (runId: string, _: unknown, command: Command) => {
      const { showReplay } = await import('../replay/other-commands.ts')
      process.exitCode = await showReplay(runId, command.optsWithGlobals<ReplayFlags>())
    })
  replay
    .command('cancel')
    .description('stop one; its results stay, and --resume goes on with it')
    .argument('<run>')
    .option(...JSON_FLAG)
    .option(...SERVER)
    .action(async (runId: string, _: unknown, command: Command) => {
      const { cancelReplay } = await import('../replay/other-commands.ts')
      process.exitCode = await cancelReplay(runId, command.optsWithGlobals<ReplayFlags>())
    })
}
