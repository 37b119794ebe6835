/** The traces by ClickHouse's own BACKUP and RESTORE: the server reads and writes, here is only what was asked of it. */
import { randomUUID } from 'node:crypto'
import type { ClickHouseClient } from '@clickhouse/client'
import {
  type BackupTarget,
  backupSql,
  parseBackupTarget,
  restoreSql,
  runEngineBackup,
  type S3Access,
  s3AccessOf,
} from '../../storage/traces/engine-backup.ts'
import type { KeptTable } from '../../storage/traces/export.ts'
import type { Layout } from '../../storage/traces/layout.ts'
import type { Manifest } from './manifest.ts'

export interface EngineTarget {
  readonly target: BackupTarget
  readonly access: S3Access
  readonly layout: Layout
  /** As it was given; it has no secrets. */
  readonly shown: string
}

/** ClickHouse did not do it; the message says why. */
export class EngineBackupError extends Error {
  override readonly name = 'EngineBackupError'
}

export type ParsedEngineTarget = { ok: true; value: EngineTarget } | { ok: false; message: string }

export function engineTargetOf(
  given: string,
  env: Readonly<Record<string, string | undefined>>,
  layout: Layout,
): ParsedEngineTarget {
  const parsed = parseBackupTarget(given)
  if (!parsed.ok) return parsed
  const access = s3AccessOf(env)
  if (!access.ok) return access
  return { ok: true, value: { target: parsed.target, access: access.access, layout, shown: given } }
}

type Noted = NonNullable<Manifest['engine']>

interface EngineRun {
  readonly rows: number
  readonly signal: AbortSignal
  readonly engine: () => Manifest['engine']
  readonly note: (engine: Noted) => Promise<void>
  readonly onText: (text: string) => void
  readonly stopped: () => Error
}

/** Unless the manifest has it. One that was stopped is begun again in a place of its own. */
export async function backUpByEngine(
  client: ClickHouseClient,
  { target, access, layout, shown }: EngineTarget,
  table: KeptTable,
  run: EngineRun,
): Promise<void> {
  const before = run.engine() ?? { to: shown, tables: [], attempts: 0 }
  if (before.tables.some((one) => one.table === table)) return
  if (run.signal.aborted) throw run.stopped()
  const attempts = before.attempts + 1
  await run.note({ ...before, attempts })
  const part = `${table}-${attempts}`
  const id = `assay-${randomUUID()}`
  const statement = backupSql({ layout, table, target, part, access, id })
  await carryOut(client, statement, id, `BACKUP of ${table} to ${shown}`, access, run)
  await run.note({ to: shown, attempts, tables: [...before.tables, { table, part, rows: run.rows }] })
}

/** Into a database that has no such table. */
export async function restoreByEngine(
  client: ClickHouseClient,
  { target, access, layout, shown }: EngineTarget,
  { table, part }: Noted['tables'][number],
  run: Pick<EngineRun, 'signal' | 'onText' | 'stopped'>,
): Promise<void> {
  const id = `assay-${randomUUID()}`
  const statement = restoreSql({ layout, table, target, part, access, id })
  await carryOut(client, statement, id, `RESTORE of ${table} from ${shown}`, access, run)
}

async function carryOut(
  client: ClickHouseClient,
  statement: string,
  id: string,
  what: string,
  { key }: S3Access,
  { signal, onText, stopped }: Pick<EngineRun, 'signal' | 'onText' | 'stopped'>,
): Promise<void> {
  const failed = (message: string): Error => {
    const shown = key === null ? message : message.replaceAll(key.secret, '…')
    return new EngineBackupError(`ClickHouse's ${what} failed: ${shown}`)
  }
  const outcome = await runEngineBackup(client, statement, {
    id,
    signal,
    onProgress: ({ bytes, totalBytes }) => {
      const total = totalBytes === 0 ? '' : ` of ${megabytes(totalBytes)}`
      onText(`${what}, ${megabytes(bytes)}${total}`)
    },
  }).catch((error: unknown) => {
    throw error instanceof Error ? failed(error.message) : error
  })
  if (outcome.ok) return
  throw 'stopped' in outcome ? stopped() : failed(outcome.message)
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
