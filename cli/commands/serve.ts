/** `assay serve`: roles as processes of their own, on Kafka, ClickHouse and Redis. */
import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import { parseServeSettings, ROLES, type ServeFlags } from '../serve/serve-settings.ts'

export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('run one or more roles of Assay in this process, on Kafka, ClickHouse and Redis')
    .argument('<roles...>', ROLES.join(', '))
    .option('--host <address>', 'address to listen on (127.0.0.1)')
    .option('--http-port <n>', 'health, readiness and the API; 0 picks a free port (3000)')
    .option('--otlp-http-port <n>', 'where the gateway takes OTLP/HTTP; 0 picks a free port (4318)')
    .addHelpText(
      'after',
      `
Environment: ASSAY_LOG_URL (kafka://host:9092,host2:9092) for every role; ASSAY_TRACES_URL (http://user:password@host:8123)
  for trans-evaluate, trans-store, scheduler, worker and api; REDIS_URL for scheduler, worker and api. ASSAY_HOST,
  ASSAY_HTTP_PORT, ASSAY_OTLP_HTTP_PORT as the flags; ASSAY_PUBLIC_URL is where links in messages lead.

Logs are JSON, a line each, on standard output. SIGTERM drains: what was taken is finished, then it ends.

Examples:
  assay serve gateway
  assay serve trans-evaluate trans-store alerts
  assay serve api --host 0.0.0.0`,
    )
    .action(async (roles: string[], flags: ServeFlags) => {
      const parsed = parseServeSettings(roles, flags, process.env)
      if (!parsed.ok) {
        for (const problem of parsed.problems) process.stderr.write(`assay serve: ${problem}\n`)
        process.exitCode = exitCodes.usage
        return
      }
      const { runServe } = await import('../serve/run-serve.ts')
      await runServe(parsed.settings)
    })
}
