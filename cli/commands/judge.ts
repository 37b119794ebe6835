/** `assay judge`: what judges are asked. */
import type { Command } from 'commander'
import type { ShowFlags } from '../judge/show-command.ts'
import { collect } from './collect.ts'

export function registerJudge(program: Command): void {
  const judge = program.command('judge').description('look at what the judges of offline evals are asked')
  judge
    .command('show')
    .description('print the exact prompts of an offline eval about a trace or its session, and send nothing')
    .argument('<eval>', 'the offline eval, as package/name or by its name alone')
    .argument('<trace>', 'a trace id; of an eval of sessions that of any trace of the session')
    .option('--span <id>', 'about this span, where the eval looks at spans; its first digits will do')
    .option(
      '--evals <path>',
      'definitions to go by, repeatable (the folder at hand, but for golden and fixtures in it, and the standard packs)',
      collect,
    )
    .option('--on <file>', 'take the trace from a file: OTLP as JSON, JSONL or protobuf')
    .option('--server <url>', 'the instance to ask; without --evals by the definitions in force there')
    .option('--data <dir>', 'the data folder to read, where no Assay runs on it (ASSAY_DATA, or .assay)')
    .option('--json', 'print one JSON object: each call with the body of its request')
    .addHelpText(
      'after',
      `
The prompts are built by the code that judges, from the texts as they are stored: what is masked there is masked here.
No provider is needed, and no judge is asked. A second question that is made of the first one's answer, as that of
faithfulness, is shown with a placeholder in the place of that answer. Of an eval of sessions it is the session that
the trace names, with its traces of the day before and after.

With --server the instance itself builds the prompts, by what is in force there: its definitions, its judge for metrics,
its providers. --evals beside it takes the trace alone from there, as without --server from ASSAY_URL, the instance on
this machine or the data folder.

Examples:
  assay judge show helpful 4bf92f3577b34da6a3ce929d0e0e4736
  assay judge show support/helpful 4bf92f3577b34da6a3ce929d0e0e4736 --on traces.json --evals my-agent/evals
  assay judge show support/helpful 4bf92f3577b34da6a3ce929d0e0e4736 --server https://assay.example.com
  assay judge show grounded 4bf92f3577b34da6a3ce929d0e0e4736 --json | jq -r '.subjects[0].calls[0].request.messages[1].content'

Exit codes: 0 printed, 1 the definitions do not check, 2 there is no such trace or eval, or it asks no judge.`,
    )
    .action(async (evalName: string, trace: string, flags: ShowFlags) => {
      const { runJudgeShow } = await import('../judge/show-command.ts')
      process.exitCode = await runJudgeShow(evalName, trace, flags)
    })
}
