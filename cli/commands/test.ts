/** `assay test`: the tests inside `.eval` files, without network and on virtual time. */
import type { Command } from 'commander'
import type { TestFlags } from '../testing/test-flags.ts'

export function registerTest(program: Command): void {
  program
    .command('test')
    .description('run the tests in .eval files')
    .argument('[paths...]', 'files, or folders with all .eval files below them', ['.'])
    .option('--filter <text>', 'only tests whose name, package or expected evals contain it')
    .option('--verbose', 'name the tests that passed as well')
    .option('--bail', 'stop at the first failure')
    .option('--watch', 'run again when a file changes, until Ctrl-C')
    .option('--coverage', 'say of which evals a pass, a fail and an unknown are shown by a test')
    .option('--min-coverage <percent>', 'fail under so many per cent of these outcomes, such as 80%')
    .option('--json', 'print one JSON object instead of text')
    .option('--junit <file>', "write JUnit's XML as well")
    .addHelpText(
      'after',
      `
Tests need no network: judges say what \`given NAME judge returns …\` says, and alerts run on virtual time. A failing
test shows the eval's expression with the value of each of its parts. \`expect todo "why"\` marks a test that is not
to count yet.

Examples:
  assay test evals
  assay test evals --filter refund --watch
  assay test evals --coverage --min-coverage 80%
  assay test evals --junit assay.xml
  assay test evals --json | jq .summary

Exit codes: 0 all passed, 1 a test failed, coverage is too low or a file does not check, 2 no .eval files,
or no test that --filter names.`,
    )
    .action(async (paths: string[], flags: TestFlags) => {
      const { runTestCommand } = await import('../testing/test-command.ts')
      process.exitCode = await runTestCommand(paths, flags)
    })
}
