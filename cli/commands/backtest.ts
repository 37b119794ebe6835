import type { Command } from 'commander'

export interface BacktestFlags {
  evals: string[]
  against?: string
  since: string
  until?: string
  examples: string
  data?: string
  server?: string
  json?: boolean
  markdown?: boolean
}

/** `assay backtest`. */
export function registerBacktest(program: Command): void {
  program
    .command('backtest')
    .description('what changed evals make of stored traces, next to those in force or of a git revision')
    .argument('[paths...]', 'files or folders: the same as --evals')
    .option('--evals <paths...>', 'files or folders', ['.'])
    .option(
      '--against <revision>',
      'a git revision, or `live`: the definitions of the running instance (live, else HEAD)',
    )
    .option('--since <when>', 'traces not older than this: 24h, 7d, or 2026-01-31T09:00:00Z', '7d')
    .option('--until <when>', 'and not younger than this (now)')
    .option('--examples <n>', 'traces to show of each kind of flip, 0 to 50', '3')
    .option('--data <dir>', 'read this data folder, on which no instance runs (ASSAY_DATA, or .assay)')
    .option('--server <url>', 'read from this instance (ASSAY_URL, or http://127.0.0.1:3000)')
    .option('--json', 'print one JSON object')
    .option('--markdown', 'print a comment for a pull request')
    .addHelpText(
      'after',
      `
Nothing is stored, no judge is asked, nobody is notified. The traces are read from the running instance, or, when none
answers, from the data folder.

Examples:
  assay backtest --evals evals                          next to what is in force, on the last 7 days
  assay backtest --evals evals --against HEAD~1 --since 24h
  assay backtest --against origin/main --markdown       for a comment on a pull request

Exit codes: 0 done, whatever flipped, 1 a side does not check, 2 usage, no traces to be had, 130 stopped by Ctrl-C.`,
    )
    .action(async (paths: string[], options: BacktestFlags, command: Command) => {
      if (paths.length > 0 && command.getOptionValueSource('evals') === 'cli')
        command.error('error: the evals are named twice: as arguments, and with --evals')
      const flags = paths.length > 0 ? { ...options, evals: paths } : options
      const { runBacktest } = await import('../backtest/run-backtest.ts')
      process.exitCode = await runBacktest(flags)
    })
}
