/**
 * A data folder, copied while nothing runs on it: everything in it is of one moment, so that a restore neither shows results without
 * spans nor loses a span that was acknowledged. The manifest is written last; without it there is no backup.
 */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { messageOf } from '../../engine/message-of.ts'

const FORMAT = 1
const MANIFEST = 'manifest.json'
const FILES = 'files'
/** Of the process that held the folder. */
const NOT_KEPT: ReadonlySet<string> = new Set(['lock.db', 'lock.db-journal', 'owner.json'])

const manifestSchema = z.object({
  format: z.int(),
  version: z.string(),
  createdAt: z.string(),
  files: z.array(
    z.object({
      /** With `/` between, and never out of the folder. */
      path: z.string().refine((path) => !path.split('/').includes('..') && !path.startsWith('/')),
      sizeBytes: z.int().nonnegative(),
      sha256: z.string(),
    }),
  ),
})

export type Manifest = z.infer<typeof manifestSchema>
export type BackupOutcome = { ok: true; manifest: Manifest } | { ok: false; message: string }

/** The folder's lock is held. `to` is made; one that has anything in it is refused, and what fails half-way has no manifest. */
export async function backUpFolder(
  from: string,
  to: string,
  about: { version: string; createdAt: string },
): Promise<BackupOutcome> {
  if (existsSync(to) && readdirSync(to).length > 0) {
    return { ok: false, message: `${to} is not empty: a backup goes into a folder of its own` }
  }
  const files: Manifest['files'] = []
  for (const path of await filesBelow(from)) {
    const copy = join(to, FILES, path)
    await mkdir(dirname(copy), { recursive: true })
    await copyFile(join(from, path), copy)
    // Of the copy, which is what a restore has.
    files.push({ path: path.split(sep).join('/'), sizeBytes: (await stat(copy)).size, sha256: await hashOf(copy) })
  }
  const manifest = { format: FORMAT, ...about, files }
  await writeFile(join(to, `${MANIFEST}.part`), `${JSON.stringify(manifest, null, 2)}\n`)
  await rename(join(to, `${MANIFEST}.part`), join(to, MANIFEST))
  return { ok: true, manifest }
}

/** Looks at every file before it writes any; the folder appears whole or not at all, so that it may be tried again. */
export async function restoreFolder(from: string, to: string, isForced: boolean): Promise<BackupOutcome> {
  const read = await readManifest(from)
  if (!read.ok) return read
  for (const { path, sizeBytes, sha256 } of read.manifest.files) {
    const file = join(from, FILES, path)
    const size = await stat(file).then(
      (found) => found.size,
      () => null,
    )
    if (size === null) return { ok: false, message: `the backup is not whole: ${path} is missing` }
    if (size !== sizeBytes || (await hashOf(file)) !== sha256) {
      return { ok: false, message: `the backup is damaged: ${path} is not what was written` }
    }
  }
  const isThere = existsSync(to) && readdirSync(to).length > 0
  if (isThere && !isForced) {
    return { ok: false, message: `${to} is not empty: name another folder with --data, or replace it with --force` }
  }
  const half = `${to}.restoring`
  await rm(half, { recursive: true, force: true })
  for (const { path } of read.manifest.files) {
    await mkdir(dirname(join(half, path)), { recursive: true })
    await copyFile(join(from, FILES, path), join(half, path))
  }
  await rm(to, { recursive: true, force: true })
  await rename(half, to)
  return read
}

async function readManifest(from: string): Promise<BackupOutcome> {
  let raw: unknown
  try {
    raw = JSON.parse(await readFile(join(from, MANIFEST), 'utf8'))
  } catch (error) {
    return { ok: false, message: `${from} holds no whole backup: its ${MANIFEST} cannot be read (${messageOf(error)})` }
  }
  const parsed = manifestSchema.safeParse(raw)
  if (!parsed.success) return { ok: false, message: `${join(from, MANIFEST)} is no manifest of a backup` }
  if (parsed.data.format > FORMAT) {
    const { format, version } = parsed.data
    return {
      ok: false,
      message: `the backup has format ${format}, written by Assay ${version}, and this one knows up to ${FORMAT}: use the newer Assay`,
    }
  }
  return { ok: true, manifest: parsed.data }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !(entry.parentPath === folder && NOT_KEPT.has(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
