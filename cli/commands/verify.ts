/** `assay verify`: the store against the log. */
import type { Command } from 'commander'
import type { VerifyFlags } from '../integrity/verify-command.ts'

export function registerVerify(program: Command): void {
  program
    .command('verify')
    .description('check that what was acknowledged is stored, once')
    .option('--day <date>', 'one day, UTC: 2026-11-20')
    .option('--since <when>', 'from the day of this time on, as 7d or a time', '1d')
    .option('--deep', 'read every record and look for each span and result in it, whatever the counts say')
    .option('--server <url>', 'the instance to ask (ASSAY_URL, or the one on this machine)')
    .option('--data <dir>', 'the data folder to check, where no Assay runs on it (ASSAY_DATA, or .assay)')
    .option('--log-url <url>', 'with --traces-url: check these, where no api role can be asked')
    .option('--traces-url <url>', 'of ClickHouse')
    .option(
      '--config <file>',
      'with these: users and certificates, as the roles have them (assay.yaml here or above; ASSAY_CONFIG)',
    )
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Counts are compared by partition and day; records are read only where they differ. Three things are findings:

  gaps        acknowledged records that are neither stored nor in dead-letters. What the store role has not come to yet is
              lag, and no gap
  orphans     results whose span or trace is not stored
  duplicates  spans that queries count twice. Rows that a merge will drop are shown, and are no finding

A scheduler makes the check of each day in the night after it, and a finding is told like an alert (ASSAY_SYSTEM_NOTIFY).

Examples:
  assay verify
  assay verify --day 2026-11-20 --deep
  assay verify --since 7d --json
  assay verify --log-url kafka://kafka:9092 --traces-url http://clickhouse:8123

Exit codes: 0 nothing found, 1 findings, 2 usage, or log or store cannot be reached.`,
    )
    .action(async (flags: VerifyFlags) => {
      const { runVerify } = await import('../integrity/verify-command.ts')
      process.exitCode = await runVerify(flags)
    })
}
