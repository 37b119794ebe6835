/** What a backup of running engines holds, file by file. It is rewritten after each, so that one that was stopped goes on. */
import { z } from 'zod'
import { KEPT_TABLES } from '../../storage/traces/export.ts'
import { findManifest, noManifest, storedFileSchema } from './files.ts'

export const FORMAT = 2

const count = z.int().nonnegative()
const tableSchema = z.enum(KEPT_TABLES)

const holdsSchema = z.discriminatedUnion('kind', [
  /** A file of the data folder, as it was at one moment. */
  z.object({ kind: z.literal('sqlite') }),
  z.object({ kind: z.literal('records'), topic: z.string(), records: count }),
  z.object({ kind: z.literal('rows'), table: tableSchema, partition: z.string(), rows: count }),
])

const fileSchema = storedFileSchema.extend({ holds: holdsSchema })

const offsetSchema = z.object({
  topic: z.string(),
  partition: count,
  /** The next record that the group of the store had to store. */
  offset: count,
  /** When the log took the record before it: by this the log is known again. Null where there is none. */
  lastTimeMs: z.number().nullable(),
})

export const manifestSchema = z.object({
  format: z.literal(FORMAT),
  version: z.string(),
  startedAt: z.string(),
  /** Null until everything is there. */
  finishedAt: z.string().nullable(),
  log: z.enum(['embedded', 'kafka']),
  /** The latest migration of the tables. */
  schemaVersion: count,
  /** Of the store's group, before anything was copied; null until they are noted. */
  offsets: z.array(offsetSchema).nullable(),
  /** Of `agent-traces` when the results were copied: the spans of all of them are before these. Null until then. */
  resultsUpTo: z.array(z.object({ partition: count, offset: count })).nullable(),
  /** The spans of all results were stored when spans were copied. */
  areSpansComplete: z.boolean(),
  columns: z.partialRecord(tableSchema, z.array(z.string().regex(/^[A-Za-z_]\w*$/))),
  files: z.array(fileSchema),
  /** What ClickHouse's own BACKUP took; null where rows are in files. */
  engine: z
    .object({
      to: z.string(),
      tables: z.array(z.object({ table: z.string(), part: z.string(), rows: count })),
      /** BACKUPs that were begun: each has a place of its own. */
      attempts: count,
    })
    .nullable(),
})

export type Manifest = z.infer<typeof manifestSchema>
export type ManifestFile = z.infer<typeof fileSchema>

export type ReadManifest =
  | { ok: true; manifest: Manifest }
  /** Of a folder at rest (`folder-backup.ts`). */
  | { ok: true; manifest: null }
  | { ok: false; isMissing: boolean; message: string }

export async function readManifest(folder: string): Promise<ReadManifest> {
  const found = await findManifest(folder)
  if (!found.ok) return found
  if (found.format < FORMAT) return { ok: true, manifest: null }
  const parsed = manifestSchema.safeParse(found.content)
  return parsed.success ? { ok: true, manifest: parsed.data } : noManifest(folder)
}
