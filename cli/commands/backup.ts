/** `assay backup` and `assay restore`: a data folder, while nothing runs on it. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { openDataFolder } from '../../storage/data-folder.ts'
import { type BackupOutcome, backUpFolder, restoreFolder } from '../backup/folder-backup.ts'
import { exitCodes } from '../exit-codes.ts'
import { defaults } from '../settings.ts'
import { VERSION } from '../version.ts'

interface Flags {
  to: string
  from: string
  data?: string
  force?: boolean
}

const folderOf = ({ data }: Flags): string => resolve(data ?? (process.env.ASSAY_DATA || defaults.data))

export function registerBackup(program: Command): void {
  program
    .command('backup')
    .description('copy a data folder on which no Assay runs')
    .requiredOption('--to <dir>', 'a new or empty folder')
    .option('--data <dir>', 'the data folder (ASSAY_DATA, or .assay)')
    .addHelpText(
      'after',
      `
Everything in the folder is copied with its checksum: log, traces, queue. Stop Assay first. Engines of their own (Kafka,
ClickHouse, Redis) are backed up by their own tools.

Examples:
  assay backup --to /backups/2026-11-21
  assay restore --from /backups/2026-11-21

Exit codes: 0 done, 2 usage, or the folder cannot be copied.`,
    )
    .action(async (flags: Flags) => {
      process.exitCode = say('backup', await backUp(flags), `backed up to ${flags.to}`)
    })
}

export function registerRestore(program: Command): void {
  program
    .command('restore')
    .description('make a data folder from a backup')
    .requiredOption('--from <dir>', 'what assay backup wrote')
    .option('--data <dir>', 'the data folder to make (ASSAY_DATA, or .assay)')
    .option('--force', 'replace what is there')
    .addHelpText(
      'after',
      `
Every file of the backup is checked before anything is written; a damaged or partial one is refused. Stopped half-way, it is
begun again.

Exit codes: 0 done, 2 usage, or the backup cannot be restored.`,
    )
    .action(async (flags: Flags) => {
      process.exitCode = say('restore', await restore(flags), `restored to ${folderOf(flags)}`)
    })
}

function say(command: string, outcome: BackupOutcome, done: string): number {
  if (!outcome.ok) {
    process.stderr.write(`assay ${command}: ${outcome.message}\n`)
    return exitCodes.usage
  }
  const { files } = outcome.manifest
  const megabytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 1e6
  process.stdout.write(`${files.length} files, ${megabytes.toFixed(1)} MB ${done}\n`)
  return exitCodes.ok
}

async function backUp(flags: Flags): Promise<BackupOutcome> {
  const path = folderOf(flags)
  if (!existsSync(join(path, 'format')))
    return { ok: false, message: `${path} is no data folder: name one with --data` }
  const to = resolve(flags.to)
  if (to === path || to.startsWith(`${path}/`))
    return { ok: false, message: 'a backup cannot lie in the folder itself' }
  const opened = openDataFolder(path)
  if (!opened.ok) return { ok: false, message: opened.message }
  try {
    return await backUpFolder(opened.folder.path, to, { version: VERSION, createdAt: new Date().toISOString() })
  } finally {
    opened.folder.close()
  }
}

async function restore(flags: Flags): Promise<BackupOutcome> {
  const path = folderOf(flags)
  if (existsSync(join(path, 'format'))) {
    // Never from under a process that runs on it.
    const opened = openDataFolder(path)
    if (!opened.ok) return { ok: false, message: opened.message }
    opened.folder.close()
  }
  return restoreFolder(resolve(flags.from), path, flags.force ?? false)
}
