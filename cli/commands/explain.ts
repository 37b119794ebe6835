/** `assay explain CODE` and `assay explain TRACE EVAL`. */
import type { Command } from 'commander'
import type { ExplainFlags } from '../explain/explain-command.ts'
import { collect } from './collect.ts'

export function registerExplain(program: Command): void {
  program
    .command('explain')
    .description('tell the story of a diagnostic, or why a trace got its verdict')
    .argument('[what]', 'a code such as E0207, or a trace id (a list of all codes)')
    .argument('[eval]', 'with a trace: the eval, as package/name or by its name alone (a line for each eval)')
    .option('--span <id>', 'of this span, where the eval looks at spans; its first digits will do')
    .option(
      '--evals <path>',
      'definitions to explain by, repeatable (the folder at hand, but for golden and fixtures in it, and the standard packs)',
      collect,
    )
    .option('--on <file>', 'take the trace from a file: OTLP as JSON, JSONL or protobuf')
    .option('--server <url>', 'the instance to ask (ASSAY_URL, or the one on this machine)')
    .option('--data <dir>', 'the data folder to read, where no Assay runs on it (ASSAY_DATA, or .assay)')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Of a trace, the eval's expression is printed with the value of each of its parts, by the definitions at hand, and the
stored verdict where that is another. Texts are cut, and what the packs of personal data match in them is masked. Of
an offline eval, what its judge said is shown; it is not asked again.

Examples:
  assay explain E0207
  assay explain 4bf92f3577b34da6a3ce929d0e0e4736
  assay explain 4bf92f3577b34da6a3ce929d0e0e4736 support/no_pii
  assay explain 4bf92f3577b34da6a3ce929d0e0e4736 fast --evals my-agent/evals --on traces.json

Exit codes: 0 explained, 1 the definitions do not check, 2 there is no such code, trace or eval.`,
    )
    .action(async (what: string | undefined, evalName: string | undefined, flags: ExplainFlags) => {
      if (what !== undefined && (/^[0-9a-f]{32}$/i.test(what) || evalName !== undefined)) {
        const { runExplainTrace } = await import('../explain/explain-command.ts')
        process.exitCode = await runExplainTrace(what, evalName, flags)
        return
      }
      const { listCodes, runExplain } = await import('../explain-code.ts')
      if (what === undefined) listCodes()
      else runExplain(what)
    })
}
