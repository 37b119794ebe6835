/** `assay alerts`: what fires, and whether its messages arrive. */
import type { Command } from 'commander'
import type { AcknowledgeFlags, AskFlags, RebaselineFlags } from '../alerts/ask-alerts.ts'
import type { PlanFlags } from '../alerts/plan.ts'
import type { SendTestFlags } from '../alerts/send-test.ts'
import { withServer } from './silence.ts'

export function registerAlerts(program: Command): void {
  const alerts = program
    .command('alerts')
    .description('see alerts, and test where they go')
    .addHelpText(
      'after',
      `
Examples:
  assay alerts plan --evals evals --since 14d
  assay alerts list
  assay alerts history checkout/slow
  assay alerts ack checkout/slow --for 4h --reason "rolling back"
  assay alerts rebaseline checkout/slower --reason "the new model is slower, and worth it"
  assay alerts send-test slack:#support-alerts
  assay alerts send-test 'pagerduty("checkout")' --config deploy/assay.yaml

Exit codes: 0 fine, 1 the receiver did not take it, or an alert is blind, 2 usage or configuration.`,
    )
  const list = alerts
    .command('list')
    .description('what fires, and what is about to')
    .option('--all', 'all that have ever fired')
  withServer(list).action(async (flags: AskFlags & { all?: boolean }) => {
    const { listAlerts } = await import('../alerts/ask-alerts.ts')
    process.exitCode = await listAlerts(flags)
  })
  const history = alerts
    .command('history')
    .description('what fired and ended, newest first')
    .argument('[alert]', 'package/alert, or its name alone (all)')
    .option('--limit <n>', 'at most so many', '50')
  withServer(history).action(async (alert: string | undefined, flags: AskFlags & { limit?: string }) => {
    const { showHistory } = await import('../alerts/ask-alerts.ts')
    process.exitCode = await showHistory(alert, flags)
  })
  const ack = alerts
    .command('ack')
    .description('take on an alert that fires: receivers are told, reminders and escalation rest for a while')
    .argument('<alert>', 'package/alert, or its name alone')
    .option('--for <time>', 'so long: 30m, 2h, 7d', '1d')
    .option('--reason <text>', 'what you do about it')
    .option('--by <name>', 'who says so (the user of this machine)')
  withServer(ack)
    .addHelpText(
      'after',
      `
It is of the incidents of the alert that fire now, and over with each of them. Whoever still fires when it is over is told of
again, and escalated. Said again by the same person for the same reason it is prolonged, and nobody is told twice; by another it is theirs.

Examples:
  assay alerts ack checkout/slow --reason "rolling back"
  assay alerts ack checkout/slow --for 2h --by ann

Exit codes: 0 acknowledged, 2 it does not fire, or usage.`,
    )
    .action(async (alert: string, flags: AcknowledgeFlags) => {
      const { acknowledge } = await import('../alerts/ask-alerts.ts')
      process.exitCode = await acknowledge(alert, flags)
    })
  const accept = alerts
    .command('rebaseline')
    .description('accept a new level: an alert on a change or an anomaly learns anew what is usual')
    .argument('<alert>', 'package/alert, or its name alone')
    .option(
      '--since <when>',
      'usual is what came since then: 24h, 2d, or 2026-01-31T09:00:00Z (the change it tells of; else now)',
    )
    .option('--reason <text>', 'why it is to be so')
    .option('--by <name>', 'who says so (the user of this machine)')
  withServer(accept)
    .addHelpText(
      'after',
      `
What it knew of the time before is no measure any more; what fires of it ends, and its receivers are told. It is quiet until
it has learned enough: of a change a seventh of its reference and a day at least, which is also read from stored traces.
It stands in the history of the alert, with who did it and why.

Examples:
  assay alerts rebaseline checkout/slower --reason "the new model is slower, and worth it"
  assay alerts rebaseline checkout/slower --since 2d

Exit codes: 0 accepted, 2 no such alert, one that compares with a number, or usage.`,
    )
    .action(async (alert: string, flags: RebaselineFlags) => {
      const { rebaseline } = await import('../alerts/ask-alerts.ts')
      process.exitCode = await rebaseline(alert, flags)
    })
  alerts
    .command('send-test')
    .description('send a firing and its end to a receiver, with the settings of this machine')
    .argument('<route>', 'as in notify: slack("#ops"), or slack:#ops')
    .option('--config <file>', 'where the settings are (assay.yaml here or above; ASSAY_CONFIG)')
    .option('--json', 'print one JSON object instead of text')
    .action(async (route: string, flags: SendTestFlags) => {
      const { sendTest } = await import('../alerts/send-test.ts')
      process.exitCode = await sendTest(route, flags)
    })
  alerts
    .command('plan')
    .description('what alerts on changes can see in how many hours, and what would have fired, from stored traffic')
    .argument('[paths...]', 'files or folders: the same as --evals')
    .option('--evals <paths...>', 'files or folders (the folder at hand, but for golden and fixtures in it)')
    .option('--since <when>', 'traces not older than this: 24h, 14d, or 2026-01-31T09:00:00Z', '14d')
    .option('--until <when>', 'and not younger than this (now)')
    .option('--data <dir>', 'read this data folder, on which no instance runs (ASSAY_DATA, or .assay)')
    .option('--server <url>', 'read from this instance (ASSAY_URL, or http://127.0.0.1:3000)')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Nothing is stored, no judge is asked, nobody is notified. An alert is blind when the amount of its rule is not seen
within the time of its budget of false alarms: ask for a larger change, a larger budget, or more traffic.

Examples:
  assay alerts plan --evals evals
  assay alerts plan --evals evals --since 30d --json

Exit codes: 0 every alert on changes sees what its rule asks for, 1 one is blind or the files do not check, 2 usage, no
traces to be had, 130 stopped by Ctrl-C.`,
    )
    .action(async (paths: string[], flags: PlanFlags) => {
      const { planAlerts } = await import('../alerts/plan.ts')
      process.exitCode = await planAlerts(paths.length > 0 ? { ...flags, evals: paths } : flags)
    })
}
