/** `assay alerts`: what fires, and whether its messages arrive. */
import type { Command } from 'commander'
import type { SendTestFlags } from '../alerts/send-test.ts'

export function registerAlerts(program: Command): void {
  const alerts = program
    .command('alerts')
    .description('see alerts, and test where they go')
    .addHelpText(
      'after',
      `
Examples:
  assay alerts send-test slack:#support-alerts
  assay alerts send-test 'pagerduty("checkout")' --config deploy/assay.yaml

Exit codes: 0 fine, 1 the receiver did not take it, 2 usage or configuration.`,
    )
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
}
