/** `assay forward`: a small agent beside the workload, with a buffer on disk. */
import type { Command } from 'commander'
import { addSettingFlags } from '../config/flags.ts'
import { configPathOf } from '../config/resolve-settings.ts'
import { exitCodes } from '../exit-codes.ts'
import { FORWARD_USES, parseForwardSettings } from '../forward/forward-settings.ts'

export function registerForward(program: Command): void {
  const command = program
    .command('forward')
    .description('take spans beside the workload, keep them on disk, and deliver them to a collector')
  addSettingFlags(command, ({ path }) => FORWARD_USES.includes(path[0]!))
  command
    .option('--resend', 'try once more what the collector refused for good and was set aside')
    .addHelpText(
      'after',
      `
Workloads send OTLP to it as they would to Assay, over HTTP (4318) or gRPC (4317), and have their answer once the spans are on disk.
From there they are delivered for as long as it takes: retries with jitter, Retry-After, at most 256 MiB of disk. The key is the
forwarder's; workloads need none. Every setting can stand in an assay.yaml or in the environment as well.

GET /health on the OTLP/HTTP port tells what it took, delivered and holds; a line a minute says it in the log, in JSON. SIGTERM
finishes what is at hand; what is not delivered then is taken up at the next start. docs/forwarder.md has the rest.

Examples:
  assay forward --to https://assay.example.org
  ASSAY_FORWARD_URL=https://assay.example.org ASSAY_KEY=assay_… assay forward --buffer /var/lib/assay-forward
  assay forward --to http://gateway:4318 --buffer-size 1GiB --when-full drop_oldest
  assay forward --to http://gateway:4318 --resend

Exit codes: 0 stopped, 2 usage, configuration, or a port or folder that it cannot have.`,
    )
    .action(async (flags: { config?: string; resend?: boolean }) => {
      const parsed = parseForwardSettings({ ...flags }, process.env, configPathOf(flags.config, process.env))
      if (!parsed.ok) {
        for (const problem of parsed.problems) process.stderr.write(`assay forward: ${problem}\n`)
        process.exitCode = exitCodes.usage
        return
      }
      const { becomeForwarder } = await import('../forward/become-forwarder.ts')
      await becomeForwarder({ settings: parsed.settings, resend: flags.resend === true })
    })
}
