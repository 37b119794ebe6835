/** What a backup has, in short. */
import type { BackupSummary } from '../../server/schemas.ts'
import type { Manifest } from './manifest.ts'

export function summaryOf(to: string, manifest: Manifest): BackupSummary {
  const tables: BackupSummary['tables'] = {}
  for (const { holds } of manifest.files) {
    if (holds.kind !== 'rows') continue
    const { rows, partitions = 0 } = tables[holds.table] ?? { rows: 0 }
    tables[holds.table] = { rows: rows + holds.rows, partitions: partitions + 1 }
  }
  for (const { table, rows } of manifest.engine?.tables ?? []) tables[table] = { rows }
  return {
    to,
    log: manifest.log,
    files: manifest.files.length,
    sizeBytes: manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ...(manifest.engine !== null && { tracesTo: manifest.engine.to }),
    tables,
    areSpansComplete: manifest.areSpansComplete,
  }
}

export function summaryText({ to, files, sizeBytes, tracesTo, tables, areSpansComplete }: BackupSummary): string {
  const rows = Object.entries(tables).map(([table, { rows: count }]) => `${count} ${table.replace('_', ' ')}`)
  const lines = [
    `${files} files, ${(sizeBytes / 1e6).toFixed(1)} MB backed up to ${to}`,
    `${rows.length === 0 ? 'no rows' : rows.join(', ')}${tracesTo === undefined ? '' : ` at ${tracesTo}`}`,
  ]
  if (!areSpansComplete) {
    lines.push(
      'The store had not come to the spans of all these results: they are in the log alone, and are stored from there after a restore.',
    )
  }
  return `${lines.join('\n')}\n`
}
