/** `assay silence`: alerts that tell nobody for a while. */
import { type Command, Option } from 'commander'
import type { SilenceFlags } from '../alerts/ask-alerts.ts'
import { DEFAULT_SERVER } from './ask-api.ts'
import { collect } from './collect.ts'

export function registerSilence(program: Command): void {
  const silence = program
    .command('silence')
    .description('keep alerts from telling anybody for a while, or at certain hours')
    .addHelpText(
      'after',
      `
A silenced alert is evaluated and shown; nobody is told of it. If it still fires when the silence is over, it is told then. The end of an
incident that was told is told in a silence too.

Examples:
  assay silence add --alert checkout/slow --for 2h --reason "load test"
  assay silence add --alert 'checkout/*' --label agent.version=2.1 --for 1d --reason "known, PR 812"
  assay silence add --severity ticket --every "weekdays 22:00-06:00 Europe/London" --for 4w --reason "nobody reads them at night"
  assay silence list
  assay silence expire 4fGq0ZrB

Exit codes: 0 fine, 2 usage, or Assay refused.`,
    )
  const add = silence
    .command('add')
    .description('a new silence; all that is given has to match, and * stands for anything')
    .option('--alert <name>', 'package/alert')
    .option('--eval <name>', 'package/eval')
    .addOption(new Option('--severity <severity>').choices(['page', 'ticket', 'info']))
    .option('--owner <text>', 'as in owner:')
    .option('--label <label=value>', 'of an alert with by, repeatable', collect)
    .option('--for <duration>', 'until it is over: 30m, 2h, 7d')
    .option('--from <time>', 'when it begins: 2026-11-22T20:00:00Z (now)')
    .option('--every <hours>', 'at these hours of the week alone, for maintenance')
    .option('--reason <text>', 'why')
    .option('--by <name>', 'who says so (the user of this machine)')
  withServer(add).action(async (flags: SilenceFlags) => {
    const { addSilence } = await import('../alerts/ask-alerts.ts')
    process.exitCode = await addSilence(flags)
  })
  const list = silence.command('list').description('those in force and to come').option('--all', 'expired ones too')
  withServer(list).action(async (flags: SilenceFlags) => {
    const { listSilences } = await import('../alerts/ask-alerts.ts')
    process.exitCode = await listSilences(flags)
  })
  const expire = silence
    .command('expire')
    .description('end it now')
    .argument('<id>', 'as list shows it')
    .option('--by <name>', 'who says so (the user of this machine)')
  withServer(expire).action(async (id: string, flags: SilenceFlags) => {
    const { expireSilence } = await import('../alerts/ask-alerts.ts')
    process.exitCode = await expireSilence(id, flags)
  })
}

export const withServer = (command: Command): Command =>
  command
    .option('--server <url>', `the instance to ask (ASSAY_URL, or ${DEFAULT_SERVER}), with the key in ASSAY_KEY`)
    .option('--json', 'print one JSON object instead of text')
