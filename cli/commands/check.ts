import type { Command } from 'commander'

// The language is loaded by the commands themselves: `assay --help` needs none of it.

/** `assay check` and `assay explain`. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('parse, resolve and type-check .eval files')
    .argument('[paths...]', 'files, or folders with all .eval files below them', ['.'])
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      '\nExamples:\n  assay check evals\n  assay check --json evals | jq .summary\n\nExit codes: 0 fine (warnings included), 1 errors found, 2 nothing to check.',
    )
    .action(async (paths: string[], options: { json?: boolean }) => {
      const { runCheck } = await import('../check-files.ts')
      runCheck(paths, options)
    })
  program
    .command('explain')
    .description('tell the long story of a diagnostic, with an example')
    .argument('<code>', 'such as E0207')
    .action(async (code: string) => {
      const { runExplain } = await import('../explain-code.ts')
      runExplain(code)
    })
}
