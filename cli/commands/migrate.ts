/** `assay migrate`: the schema of the traces store. */
import type { Command } from 'commander'
import { addSettingFlags } from '../config/flags.ts'
import type { MigrateFlags } from '../migrate/run-migrate.ts'

const FLAGS: readonly (string | undefined)[] = ['--data', '--traces-url']

export function registerMigrate(program: Command): void {
  const command = program
    .command('migrate')
    .description('bring the tables in ClickHouse to the schema and the retention of this Assay')
    .option('--dry-run', 'print the SQL that would be run, and run nothing')
    .option('--status', 'tell which migrations are applied, and what is left to do')
    .option('--all', 'what is applied already too: after a host joined the cluster, or a table was lost')
    .option('--json', 'print one JSON object')
  addSettingFlags(command, ({ setting }) => FLAGS.includes(setting.flag))
  command
    .addHelpText(
      'after',
      `
Roles migrate by themselves when they start; this does it beforehand, or shows it. It may run in several places at once and be
stopped at any point: it goes on where it was. The retention (ASSAY_TRACES_RETENTION, ASSAY_TRACES_TENANT_RETENTION,
ASSAY_TRACES_COLD_AFTER) is put in force here and when trans-store starts. With --dry-run --all no database is asked: it prints
the whole schema, for a cluster where ASSAY_TRACES_CLUSTER names one.

Examples:
  assay migrate --traces-url http://assay:secret@clickhouse:8123
  assay migrate --status
  assay migrate --dry-run > schema.sql
  ASSAY_TRACES_CLUSTER=production assay migrate --dry-run --all
  ASSAY_TRACES_RETENTION=90d assay migrate

Exit codes: 0 fine, 1 there is something left to do (--status), 2 usage, or the database cannot be used.`,
    )
    .action(async (flags: MigrateFlags) => {
      const { runMigrate } = await import('../migrate/run-migrate.ts')
      const { endWith } = await import('../end-with.ts')
      endWith(await runMigrate(flags))
    })
}
