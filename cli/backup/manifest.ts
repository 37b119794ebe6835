/** What a backup of running engines holds, file by file. It is rewritten after each, so that one that was stopped goes on. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { messageOf } from '../../engine/message-of.ts'
import { KEPT_TABLES } from '../../storage/traces/export.ts'

export const FORMAT = 2
export const MANIFEST = 'manifest.json'
export const FILES = 'files'

const count = z.int().nonnegative()
const tableSchema = z.enum(KEPT_TABLES)

const holdsSchema = z.discriminatedUnion('kind', [
  /** A file of the data folder, as it was at one moment. */
  z.object({ kind: z.literal('sqlite') }),
  z.object({ kind: z.literal('records'), topic: z.string(), records: count }),
  z.object({ kind: z.literal('rows'), table: tableSchema, partition: z.string(), rows: count }),
])

const fileSchema = z.object({
  /** Below `files`, with `/` between, and never out of it. */
  path: z.string().refine((path) => !path.split('/').includes('..') && !path.startsWith('/')),
  sizeBytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  holds: holdsSchema,
})

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
  let raw: unknown
  try {
    raw = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8'))
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const message = `${folder} holds no whole backup: its ${MANIFEST} cannot be read (${messageOf(error)})`
    return { ok: false, isMissing, message }
  }
  const about = z.looseObject({ format: z.int(), version: z.string() }).safeParse(raw)
  if (about.success && about.data.format > FORMAT) {
    const { format, version } = about.data
    const message = `the backup has format ${format}, written by Assay ${version}, and this one knows up to ${FORMAT}: use the newer Assay`
    return { ok: false, isMissing: false, message }
  }
  if (about.success && about.data.format < FORMAT) return { ok: true, manifest: null }
  const parsed = manifestSchema.safeParse(raw)
  if (parsed.success) return { ok: true, manifest: parsed.data }
  return { ok: false, isMissing: false, message: `${join(folder, MANIFEST)} is no manifest of a backup` }
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await writeFile(join(folder, `${MANIFEST}.part`), `${JSON.stringify(manifest, null, 2)}\n`)
  await rename(join(folder, `${MANIFEST}.part`), join(folder, MANIFEST))
}

export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** What is wrong with a file, or null. */
export async function damageOf(
  folder: string,
  { path, sizeBytes, sha256 }: Pick<ManifestFile, 'path' | 'sizeBytes' | 'sha256'>,
): Promise<string | null> {
  const file = join(folder, FILES, path)
  const size = await stat(file).then(
    (found) => found.size,
    () => null,
  )
  if (size === null) return `the backup is not whole: ${path} is missing`
  if (size !== sizeBytes || (await hashOf(file)) !== sha256) {
    return `the backup is damaged: ${path} is not what was written`
  }
  return null
}
