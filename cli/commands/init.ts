import { type Command, Option } from 'commander'

/** `assay init`. */
export function registerInit(program: Command): void {
  program
    .command('init')
    .description('write a starter folder of evals with tests, and a CI workflow')
    .argument('[folder]', 'the project, which gets a folder `evals`', '.')
    .addOption(
      new Option('--ci <system>', 'which workflow to write (what the repository looks like)').choices([
        'github',
        'gitlab',
        'none',
      ]),
    )
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Files that are there already are left as they are.

Examples:
  assay init                    in a new or an existing project
  assay init agents/support     for one of several agents
  assay init --ci github

Exit codes: 0 fine, 2 a file could not be written.`,
    )
    .action(async (folder: string, options: { ci?: 'github' | 'gitlab' | 'none'; json?: boolean }) => {
      const { runInit } = await import('../init/run-init.ts')
      process.exitCode = runInit(folder, options)
    })
}
