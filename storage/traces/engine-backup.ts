/** ClickHouse's own BACKUP and RESTORE: the statements, and waiting for what they begin. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClickHouseClient } from '@clickhouse/client'
import { type Layout, onCluster, quoted, storingTable } from './layout.ts'

/** Where the server puts it. `disk`: one that its configuration allows for backups. */
export type BackupTarget =
  | { readonly kind: 'disk'; readonly disk: string; readonly path: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly path: string }

/** What the environment says of S3: `AWS_…`, as the tools of AWS read it. */
export interface S3Access {
  readonly endpoint: string | null
  readonly region: string | null
  /** Null leaves it to the server's own rights. */
  readonly key: { readonly id: string; readonly secret: string } | null
}

export type ParsedTarget = { ok: true; target: BackupTarget } | { ok: false; message: string }

/** `s3://bucket/path`, or `disk://backups/path`. */
export function parseBackupTarget(given: string): ParsedTarget {
  const match = /^(s3|disk):\/\/([A-Za-z0-9][A-Za-z0-9._-]*)\/([A-Za-z0-9._/=-]*[A-Za-z0-9._=-])\/?$/.exec(given)
  const [, kind, name = '', path = ''] = match ?? []
  if (match === null || path.split('/').includes('..')) {
    return { ok: false, message: `${JSON.stringify(given)} is neither s3://bucket/path nor disk://backups/path` }
  }
  return { ok: true, target: kind === 's3' ? { kind, bucket: name, path } : { kind: 'disk', disk: name, path } }
}

export type ParsedAccess = { ok: true; access: S3Access } | { ok: false; message: string }

export function s3AccessOf(env: Readonly<Record<string, string | undefined>>): ParsedAccess {
  const id = env.AWS_ACCESS_KEY_ID || null
  const secret = env.AWS_SECRET_ACCESS_KEY || null
  if ((id === null) !== (secret === null)) {
    return { ok: false, message: 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: one of them is missing' }
  }
  if (env.AWS_SESSION_TOKEN) {
    return { ok: false, message: 'BACKUP takes no AWS_SESSION_TOKEN: give the server a role, or a key that lasts' }
  }
  const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || null
  if (endpoint !== null && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) {
    return { ok: false, message: 'AWS_ENDPOINT_URL_S3 must look like https://host:9000' }
  }
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || null
  if (region !== null && !/^[a-z0-9-]+$/.test(region)) {
    return { ok: false, message: 'AWS_REGION must look like eu-west-1' }
  }
  return { ok: true, access: { endpoint, region, key: id !== null && secret !== null ? { id, secret } : null } }
}

/** The engine that a backup goes to, as text of SQL; `part` is below the target's path. */
function placeSql(target: BackupTarget, part: string, access: S3Access): string {
  const path = `${target.path}/${part}`
  if (target.kind === 'disk') return `Disk(${quoted(target.disk)}, ${quoted(path)})`
  const { endpoint, region, key } = access
  const url =
    endpoint !== null
      ? `${endpoint.replace(/\/$/, '')}/${target.bucket}/${path}`
      : `https://${target.bucket}.s3${region === null ? '' : `.${region}`}.amazonaws.com/${path}`
  const login = key === null ? '' : `, ${quoted(key.id)}, ${quoted(key.secret)}`
  return `S3(${quoted(url)}${login})`
}

/** With everything that it is made of: on a cluster the Distributed table and the one that has the rows. */
function tablesSql(layout: Layout, table: string): string {
  const names = [...new Set([storingTable(layout, table), table])]
  return names.map((name) => `TABLE ${layout.database}.${name}`).join(', ')
}

export interface BackupStatement {
  readonly layout: Layout
  readonly table: string
  readonly target: BackupTarget
  /** Below the target. */
  readonly part: string
  readonly access: S3Access
  /** By which `system.backups` tells how it goes. */
  readonly id: string
}

export function backupSql({ layout, table, target, part, access, id }: BackupStatement): string {
  return `BACKUP ${tablesSql(layout, table)}${onCluster(layout)} TO ${placeSql(target, part, access)} SETTINGS id = ${quoted(id)} ASYNC`
}

export function restoreSql({ layout, table, target, part, access, id }: BackupStatement): string {
  return `RESTORE ${tablesSql(layout, table)}${onCluster(layout)} FROM ${placeSql(target, part, access)} SETTINGS id = ${quoted(id)} ASYNC`
}

export interface EngineProgress {
  readonly bytes: number
  readonly totalBytes: number
}

export type EngineOutcome =
  | { ok: true }
  | { ok: false; message: string }
  | { ok: false; stopped: true; message: string }

interface BackupRow {
  status: string
  error: string
  done: number
  total: number
}

const POLL_MS = 250

/** Runs a statement of this module and waits for its end. Stopped, what the server has begun goes on there. */
export async function runEngineBackup(
  client: ClickHouseClient,
  statement: string,
  { id, signal, onProgress }: { id: string; signal: AbortSignal; onProgress: (progress: EngineProgress) => void },
): Promise<EngineOutcome> {
  await client.command({ query: statement })
  for (;;) {
    const found = await backupById(client, id)
    if (found === null) return { ok: false, message: `ClickHouse knows no backup ${id}: was it restarted?` }
    if (/^(BACKUP_CREATED|RESTORED)$/.test(found.status)) return { ok: true }
    if (!/^(CREATING_BACKUP|RESTORING)$/.test(found.status)) {
      return { ok: false, message: withoutTrace(found.error) || found.status }
    }
    onProgress({ bytes: found.done, totalBytes: found.total })
    if (signal.aborted) return { ok: false, stopped: true, message: 'stopped' }
    await sleep(POLL_MS, undefined, { signal }).catch(() => {})
  }
}

async function backupById(client: ClickHouseClient, id: string): Promise<BackupRow | null> {
  const answer = await client.query({
    query: `SELECT toString(status) AS status, error, greatest(bytes_read, uncompressed_size) AS done, total_size AS total
FROM system.backups WHERE id = {id:String} SETTINGS output_format_json_quote_64bit_integers = 0`,
    query_params: { id },
    format: 'JSONEachRow',
  })
  return (await answer.json<BackupRow>())[0] ?? null
}

/** ClickHouse's errors there have the stack with them. */
const withoutTrace = (error: string): string => error.replace(/,? Stack trace[\s\S]*$/, '').trim()
