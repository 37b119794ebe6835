/** What both kinds of backup are made of: a folder `files`, and a manifest that names each with its size and its hash. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { messageOf } from '../../engine/message-of.ts'

export const MANIFEST = 'manifest.json'
export const FILES = 'files'
/** 1 is a data folder at rest (`folder-backup.ts`), 2 engines that run (`manifest.ts`). */
const NEWEST_FORMAT = 2

export const storedFileSchema = z.object({
  /** Below `files`, with `/` between, and never out of it. */
  path: z.string().refine((path) => !path.split('/').includes('..') && !path.startsWith('/')),
  sizeBytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

export type StoredFile = z.infer<typeof storedFileSchema>

export type FoundManifest =
  | { ok: true; format: number; content: unknown }
  | { ok: false; isMissing: boolean; message: string }

/** Of whatever format this version knows. */
export async function findManifest(folder: string): Promise<FoundManifest> {
  let content: unknown
  try {
    content = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8'))
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const message = `${folder} holds no whole backup: its ${MANIFEST} cannot be read (${messageOf(error)})`
    return { ok: false, isMissing, message }
  }
  const about = z.looseObject({ format: z.int(), version: z.string() }).safeParse(content)
  if (!about.success) return noManifest(folder)
  const { format, version } = about.data
  if (format <= NEWEST_FORMAT) return { ok: true, format, content }
  const message = `the backup has format ${format}, written by Assay ${version}, and this one knows up to ${NEWEST_FORMAT}: use the newer Assay`
  return { ok: false, isMissing: false, message }
}

export const noManifest = (folder: string): { ok: false; isMissing: false; message: string } => ({
  ok: false,
  isMissing: false,
  message: `${join(folder, MANIFEST)} is no manifest of a backup`,
})

/** In one step: there is the old one or the new one. */
export async function writeManifest(folder: string, manifest: object): Promise<void> {
  await writeFile(join(folder, `${MANIFEST}.part`), `${JSON.stringify(manifest, null, 2)}\n`)
  await rename(join(folder, `${MANIFEST}.part`), join(folder, MANIFEST))
}

/** Of a file as it lies in the backup, which is what a restore has. */
export async function describeFile(folder: string, path: string): Promise<StoredFile> {
  const file = join(folder, FILES, path)
  return { path, sizeBytes: (await stat(file)).size, sha256: await hashOf(file) }
}

/** What is wrong with a file, or null. */
export async function damageOf(folder: string, { path, sizeBytes, sha256 }: StoredFile): Promise<string | null> {
  const file = join(folder, FILES, path)
  const size = await stat(file).then(
    (found) => found.size,
    () => null,
  )
  if (size === null) return `the backup is not whole: ${path} is missing`
  if (size === sizeBytes && (await hashOf(file)) === sha256) return null
  return `the backup is damaged: ${path} is not what was written`
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
