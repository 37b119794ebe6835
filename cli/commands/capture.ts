/** `assay capture TRACE`: a trace from production as a test. */
import type { Command } from 'commander'
import type { CaptureFlags } from '../capture/capture-command.ts'
import { collect } from './collect.ts'

export function registerCapture(program: Command): void {
  program
    .command('capture')
    .description('print a stored trace as a test of the evals, redacted')
    .argument('<trace>', 'the trace: 32 hex digits')
    .option('--eval <name>', 'of this eval alone: package/name, or its name')
    .option('--span <id>', 'of this span and the root alone; its first digits will do')
    .option('--all', 'all fields and spans, not only what the evals read')
    .option('--file <path>', 'write the spans to this file (JSON), and print `given file`')
    .option(
      '--evals <path>',
      'definitions to test, repeatable (the folder at hand, but for golden and fixtures in it)',
      collect,
    )
    .option('--on <file>', 'take the trace from a file: OTLP as JSON, JSONL or protobuf')
    .option('--server <url>', 'the instance to ask (ASSAY_URL, or the one on this machine)')
    .option('--data <dir>', 'the data folder to read, where no Assay runs on it (ASSAY_DATA, or .assay)')
    .addHelpText(
      'after',
      `
Personal data and secrets, all eight kinds of assay:pii, become made-up data of the same kind, so that the evals that
look for them still find some. What only the evals' own redact patterns match becomes \`*\`. Look the test over before
you commit it all the same: names and addresses of streets have no pattern. The expectations are what the evals say of
the test as it is printed; where the trace itself, or production, came out otherwise, a comment says so. Where a text is
masked in the store, the stored evidence says what stood there, and made-up data of that kind takes its place. Long texts
are cut.

Examples:
  assay capture 4bf92f3577b34da6a3ce929d0e0e4736 --eval support/no_pii >> evals/support.eval
  assay capture 4bf92f3577b34da6a3ce929d0e0e4736 --file evals/fixtures/slow.json

Exit codes: 0 printed, 1 the definitions do not check, 2 there is no such trace or eval.`,
    )
    .action(async (trace: string, flags: CaptureFlags) => {
      const { runCapture } = await import('../capture/capture-command.ts')
      process.exitCode = await runCapture(trace, flags)
    })
}
