import { existsSync } from 'node:fs'
import type { Command } from 'commander'

/** `assay diff`. The language is loaded only when it runs. */
export function registerDiff(program: Command): void {
  program
    .command('diff')
    .description('what a change of .eval files means: series broken, verdicts re-derived, new, renamed')
    .argument('[revision]', 'a git revision, A..B, or A...B for what changed since they parted (HEAD)')
    .argument('[revision2]', 'compare with this instead of the working tree')
    .option('--evals <paths...>', 'files or folders', ['.'])
    .option('--merge-base', 'compare with the commit where the two parted, as a pull request does')
    .option('--server <url>', 'tell from the traffic of this instance what changed alerts can see (ASSAY_URL)')
    .option('--data <dir>', 'or from this data folder, on which no instance runs')
    .option('--since <when>', 'traffic not older than this: 24h, 14d, or 2026-01-31T09:00:00Z', '14d')
    .option('--json', 'print one JSON object')
    .option('--markdown', 'print a comment for a pull request')
    .option('--exit-code', 'exit with 1 when something changed')
    .addHelpText(
      'after',
      `
Compares by meaning: layout, comments, names of constants and the order of clauses never show. Of each alert on changes or
anomalies that is new, or measures something else now, it says its budget of false alarms and, where traffic is given, which
drop it sees in how many hours; it warns of one that is blind.

Examples:
  assay diff                                       what is not committed yet
  assay diff origin/main --merge-base --markdown   for a comment on a pull request
  assay diff origin/main --server http://127.0.0.1:3000
  assay diff v1.2 v1.3 --evals evals               two releases
  assay diff main --json | jq '.evals[] | select(.effects[0] == "series") | .id'

Exit codes: 0 fine, also with changes (1 with --exit-code), 1 a side does not check, 2 usage, no repository.`,
    )
    .action(async (first: string | undefined, second: string | undefined, options: DiffFlags, command: Command) => {
      const last = options.evals.at(-1) ?? '.'
      if (first === undefined && options.evals.length > 1 && !existsSync(last))
        command.error(`error: --evals takes all that stands behind it, ${last} too: name the revision before it`)
      const { runDiff } = await import('../diff/run-diff.ts')
      process.exitCode = await runDiff(first ?? 'HEAD', second, options)
    })
}

export interface DiffFlags {
  evals: string[]
  mergeBase?: boolean
  json?: boolean
  markdown?: boolean
  exitCode?: boolean
  server?: string
  data?: string
  since: string
}
