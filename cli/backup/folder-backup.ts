/**
 * A data folder, copied while nothing runs on it: everything in it is of one moment, so that a restore neither shows results without
 * spans nor loses a span that was acknowledged. The manifest is written last; without it there is no backup.
 */
import { existsSync, readdirSync } from 'node:fs'
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { z } from 'zod'
import { damageOf, describeFile, FILES, findManifest, noManifest, storedFileSchema, writeManifest } from './files.ts'

const FORMAT = 1
/** Of the process that held the folder. */
const NOT_KEPT: ReadonlySet<string> = new Set(['lock.db', 'lock.db-journal', 'owner.json'])

const manifestSchema = z.object({
  format: z.literal(FORMAT),
  version: z.string(),
  createdAt: z.string(),
  files: z.array(storedFileSchema),
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
    files.push(await describeFile(to, path.split(sep).join('/')))
  }
  const manifest: Manifest = { format: FORMAT, ...about, files }
  await writeManifest(to, manifest)
  return { ok: true, manifest }
}

/** Looks at every file before it writes any; the folder appears whole or not at all, so that it may be tried again. */
export async function restoreFolder(from: string, to: string, isForced: boolean): Promise<BackupOutcome> {
  const read = await readManifest(from)
  if (!read.ok) return read
  for (const file of read.manifest.files) {
    const damage = await damageOf(from, file)
    if (damage !== null) return { ok: false, message: damage }
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
  const found = await findManifest(from)
  if (!found.ok) return found
  const parsed = manifestSchema.safeParse(found.content)
  return parsed.success ? { ok: true, manifest: parsed.data } : noManifest(from)
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !(entry.parentPath === folder && NOT_KEPT.has(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}
