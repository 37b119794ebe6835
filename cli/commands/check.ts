import type { Command } from 'commander'
import { Option } from 'commander'
import type { CheckFormat } from '../check-files.ts'
import { endWith } from '../end-with.ts'
import { exitCodes } from '../exit-codes.ts'

// The language is loaded by the commands themselves: `assay --help` needs none of it.

interface CheckFlags {
  json?: boolean
  format?: CheckFormat
  stdinFilename?: string
  fix?: boolean
  diff?: boolean
  dryRun?: boolean
  cost?: boolean
  server?: string
}

/** `assay check`. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('parse, resolve and type-check .eval files')
    .argument('[paths...]', 'files, or folders with all .eval files below them; `-` for the standard input', ['.'])
    .addOption(
      new Option('--format <form>', 'how to print what was found').choices(['text', 'json', 'sarif', 'github']),
    )
    .option('--json', 'the same as --format json')
    .option('--stdin-filename <file>', 'check the standard input under the name of this file')
    .option('--cost', 'print what each eval costs at most, and the share of each term')
    .option(
      '--server <url>',
      "with --cost: take the length of judges' answers from what this instance has stored, in place of a guess",
    )
    .option('--fix', 'make the edits that are safe, and check what is left')
    .option('--diff', 'show what --fix would change, and change nothing')
    .option('--dry-run', 'with --fix: the same as --diff')
    .addHelpText(
      'after',
      `
Forms:
  text    for people; in GitHub Actions, annotations follow unless a form is named
  json    every diagnostic with its range and its fix, for scripts
  sarif   SARIF 2.1.0, for code scanning
  github  annotations of GitHub Actions, shown at their lines in a pull request

Examples:
  assay check evals
  assay check --json evals | jq .summary
  assay check --format sarif evals > assay.sarif
  assay check --cost evals
  assay check --cost --server http://127.0.0.1:3000 evals
  assay check --fix evals
  assay check --diff evals | git apply --check
  assay check --stdin-filename evals/pii.eval < draft.eval

Exit codes: 0 fine (warnings included), 1 errors found (with --diff: something to fix), 2 nothing to check, or an assay.yaml that cannot be used.

A limit of cost stands in the assay.yaml beside or above the files: docs/configuration.md.`,
    )
    .action(async (paths: string[], flags: CheckFlags, command: Command) => {
      const { runCheck } = await import('../check-files.ts')
      const { readFileSync } = await import('node:fs')
      // `paths` has its default where none was given; `args` has what was.
      const fromStdin = flags.stdinFilename !== undefined || paths.includes('-')
      if (fromStdin && command.args.some((path) => path !== '-'))
        command.error('error: the standard input is checked alone: name no files beside it')
      const stdin = fromStdin ? { path: flags.stdinFilename ?? 'stdin.eval', text: readFileSync(0, 'utf8') } : null
      const fix = flags.diff === true || flags.dryRun === true ? 'diff' : flags.fix === true ? 'write' : null
      if (fix !== null && stdin !== null) command.error('error: --fix and --diff work on files')
      const format = flags.json === true ? 'json' : (flags.format ?? null)
      const cost = flags.cost === true
      if (cost && (fix === 'diff' || format === 'sarif' || format === 'github'))
        command.error('error: --cost prints text or JSON, and goes with no other form')
      if (flags.server !== undefined && !cost) command.error('error: --server goes with --cost')
      const { loadConfig } = await import('../config/load-config.ts')
      const loaded = await loadConfig(stdin === null ? paths : [stdin.path])
      if (!loaded.ok) {
        process.stderr.write(`${loaded.problems.join('\n')}\n`)
        process.exitCode = exitCodes.usage
        return
      }
      const { config, path: configPath } = loaded
      endWith(await runCheck(paths, { format, stdin, fix, cost, server: flags.server ?? null, config, configPath }))
    })
}
