import type { Command } from 'commander'

export interface RunFlags {
  on?: string
  since?: string
  until?: string
  failUnder?: string[]
  judge?: boolean
  json?: boolean
  data?: string
  server?: string
}

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]

/** `assay run`: what evals say of traces, in a file or stored. */
export function registerRun(program: Command): void {
  program
    .command('run')
    .description('evaluate .eval files on traces, in a file or stored')
    .argument('<files...>', '.eval files, or folders with all .eval files below them')
    .option('--on <path>', 'OTLP as JSON, JSONL or protobuf, or JSONL of spans as the API shows them; - is stdin')
    .option('--since <when>', 'stored traces not older than this: 10m, 7d, or 2026-01-31T09:00:00Z')
    .option('--until <when>', 'and not younger than this (now)')
    .option('--fail-under <limits>', 'exit with 1 below: pass_rate=95%, coverage=90%, pass_rate(no_pii)=100%', collect)
    .option('--judge', 'ask the judges of offline evals too, on a sample of these traces; judges cost money')
    .option('--data <dir>', 'with --since: read this data folder, on which no instance runs (ASSAY_DATA, or .assay)')
    .option('--server <url>', 'with --since: read from this instance (ASSAY_URL, or http://127.0.0.1:3000)')
    .option('--json', 'print one result a line instead of a table')
    .addHelpText(
      'after',
      `
Every trace is taken as settled; of stored ones, those that are still coming in are left out. Evidence is masked.
Offline evals whose metric needs no judge are worked out without --judge as well.
Stored traces come from the running instance or, when none answers, from the data folder.

--fail-under, repeatable: without a name it holds for each live eval by itself, leaving out those that nothing was in
scope of; by name also for a shadow eval, and then no verdict at all is a miss.

Examples:
  assay run evals/pii.eval --on traces.json
  assay run evals --on spans.jsonl --json | jq 'select(.verdict == "fail")'
  assay run evals --since 1h --fail-under 'pass_rate=95%' --fail-under 'pass_rate(no_pii)=100%, coverage=90%'
  OPENAI_API_KEY=… assay run evals --on traces.json --judge --fail-under 'pass_rate(helpful)=80%'

Exit codes: 0 nothing failed, or no limit of --fail-under is missed; 1 a fail or an error (shadow evals aside), a limit
that is missed, or a file that does not check; 2 usage; 130 stopped by Ctrl-C.`,
    )
    .action(async (files: string[], flags: RunFlags) => {
      const { runEvals } = await import('../run/run-evals-on.ts')
      process.exitCode = await runEvals(files, flags)
    })
}
