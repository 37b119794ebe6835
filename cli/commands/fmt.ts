import type { Command } from 'commander'

interface FormatFlags {
  check?: boolean
  diff?: boolean
}

/** `assay fmt`. */
export function registerFormat(program: Command): void {
  program
    .command('fmt')
    .description('format .eval files: one style, no options')
    .argument('[paths...]', 'files, or folders with all .eval files below them; `-` for standard input to output', [
      '.',
    ])
    .option('--check', 'write nothing; list what would change, and end with 1')
    .option('--diff', 'write nothing; show what would change')
    .addHelpText(
      'after',
      `
Comments stay where they stand, and a rubric's words are never touched. A file with errors of form is left as it is.

Examples:
  assay fmt                       every .eval file below this folder
  assay fmt --check evals         for CI
  assay fmt --diff evals/pii.eval
  assay fmt - < draft.eval        for editors and scripts

Exit codes: 0 fine, 1 a file could not be formatted, or with --check is not, 2 nothing to format.`,
    )
    .action(async (paths: string[], flags: FormatFlags, command: Command) => {
      const { runFormat, runFormatStdin } = await import('../format-files.ts')
      const options = { check: flags.check === true, diff: flags.diff === true }
      if (paths.includes('-') && paths.length > 1)
        command.error('error: the standard input is formatted alone: name no files beside it')
      process.exitCode = paths.includes('-') ? runFormatStdin(options) : runFormat(paths, options)
    })
}
