/** `assay backup` and `assay restore`. */
import type { Command } from 'commander'
import type { BackupFlags } from '../backup/run-backup.ts'
import type { RestoreFlags } from '../backup/run-restore.ts'
import { addSettingFlags } from '../config/flags.ts'
import { DEFAULT_SERVER } from './ask-api.ts'

const FLAGS: readonly (string | undefined)[] = ['--data', '--log-url', '--traces-url']

export function registerBackup(program: Command): void {
  const command = program
    .command('backup')
    .description('copy everything that is stored, of an Assay that runs or of one that is stopped')
    .requiredOption('--to <dir>', 'a new or empty folder, or one with a backup that was stopped: it goes on')
    .option('--traces-to <place>', 'ClickHouse puts the traces there itself: s3://bucket/path, disk://backups/path')
    .option('--server <url>', `the instance to ask (ASSAY_URL, or ${DEFAULT_SERVER} if one answers)`)
    .option('--json', 'print one JSON object instead of text')
  addSettingFlags(command, ({ setting }) => FLAGS.includes(setting.flag))
  command
    .addHelpText(
      'after',
      `
Where log and traces are engines of their own (ASSAY_LOG_URL and ASSAY_TRACES_URL, or the flags) they are read from here. Else the
instance that runs makes the backup, on its own machine; where none runs, the data folder is copied.

What is kept: spans and results, definitions, keys, the audit log, the state of alerts, dead letters, replays; of a data folder the log
too. Caches, the queue of offline runs and the state of judges' breakers are made anew. With --traces-to S3 takes its key from
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_REGION, AWS_ENDPOINT_URL_S3), or from the server's own role.

Stopped half-way, by Ctrl-C or by a failure, the same command goes on: partitions that are there and whole are not read again.

Examples:
  assay backup --to /backups/2026-11-21
  assay backup --to /backups/2026-11-21 --log-url kafka://kafka:9092 --traces-url http://clickhouse:8123
  assay backup --to /backups/2026-11-21 --traces-to s3://acme-backups/assay/2026-11-21
  assay restore --from /backups/2026-11-21

Exit codes: 0 done, 2 usage, stopped, or what is stored cannot be copied.`,
    )
    .action(async (flags: BackupFlags) => {
      const { runBackup } = await import('../backup/run-backup.ts')
      const { endWith } = await import('../end-with.ts')
      endWith(await runBackup(flags))
    })
}

export function registerRestore(program: Command): void {
  const command = program
    .command('restore')
    .description('have a backup back, where nothing is stored')
    .requiredOption('--from <dir>', 'what assay backup wrote')
    .option('--force', 'throw away what is stored there')
    .option('--json', 'print one JSON object instead of text')
  addSettingFlags(command, ({ setting }) => FLAGS.includes(setting.flag))
  command
    .addHelpText(
      'after',
      `
It goes where assay up and assay serve with the same settings will look: into a data folder, or into Kafka and ClickHouse. Stop the
roles first. Every file of the backup is checked before anything is written; a damaged or unfinished one is refused. Topics that have
records are newer than the backup, and are left as they are.

Examples:
  assay restore --from /backups/2026-11-21
  assay restore --from /backups/2026-11-21 --data /var/lib/assay --force
  assay restore --from /backups/2026-11-21 --log-url kafka://kafka:9092 --traces-url http://clickhouse:8123

Exit codes: 0 done, 2 usage, or the backup cannot be restored.`,
    )
    .action(async (flags: RestoreFlags) => {
      const { runRestore } = await import('../backup/run-restore.ts')
      const { endWith } = await import('../end-with.ts')
      endWith(await runRestore(flags))
    })
}
