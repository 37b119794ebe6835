/** `assay serve`: roles as processes of their own, on Kafka, ClickHouse and Redis. */
import type { Command } from 'commander'
import { addSettingFlags } from '../config/flags.ts'
import { configPathOf } from '../config/resolve-settings.ts'
import { exitCodes } from '../exit-codes.ts'
import { parseServeSettings, ROLES } from '../serve/serve-settings.ts'

export function registerServe(program: Command): void {
  const command = program
    .command('serve')
    .description('run one or more roles of Assay in this process, on Kafka, ClickHouse and Redis')
    .argument('<roles...>', ROLES.join(', '))
  addSettingFlags(command, ({ setting, path }) => setting.onlyUp !== true && path[0] !== 'forward')
  command
    .addHelpText(
      'after',
      `
Every setting can stand in an assay.yaml or in the environment as well (assay config show tells what is in force, and where it
comes from): ASSAY_LOG_URL for every role; ASSAY_TRACES_URL for trans-evaluate, trans-store, scheduler, worker and api; REDIS_URL
for scheduler, worker and api.

Logs are JSON, a line each, on standard output. SIGTERM drains: what was taken is finished, then it ends.

Examples:
  assay serve gateway
  assay serve trans-evaluate trans-store alerts
  assay serve api --host 0.0.0.0
  assay serve worker --config /etc/assay/assay.yaml`,
    )
    .action(async (roles: string[], flags: { config?: string }) => {
      const parsed = parseServeSettings(roles, { ...flags }, process.env, configPathOf(flags.config, process.env))
      if (!parsed.ok) {
        for (const problem of parsed.problems) process.stderr.write(`assay serve: ${problem}\n`)
        process.exitCode = exitCodes.usage
        return
      }
      const { runServe } = await import('../serve/run-serve.ts')
      await runServe(parsed.settings)
    })
}
