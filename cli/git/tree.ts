/** The `.eval` files of a revision, in memory. */
import { posix } from 'node:path'
import { type GitAnswer, git, type Repository, type Revision } from './git.ts'

export interface FileOfRevision {
  /** Where it lies itself, for those that were found by a symbolic link. */
  path: string
  bytes: Uint8Array
}

/** By path from the repository's root, with `/`. */
export type FilesOfRevision = ReadonlyMap<string, FileOfRevision>

interface Entry {
  mode: string
  object: string
  path: string
}

const SYMBOLIC_LINK = '120000'
const MAX_LINKS = 10

/** Files whose path satisfies `wanted`, symbolic links followed; a link that leads nowhere is no file. */
export function readFilesOfRevision(
  repository: Repository,
  { commit }: Revision,
  wanted: (path: string) => boolean,
): GitAnswer<FilesOfRevision> {
  const listed = git(['ls-tree', '-r', '-z', '--full-tree', commit], { cwd: repository.root })
  if (!listed.ok) return listed
  const entries = parseEntries(listed.value.toString()).filter(({ path }) => wanted(path))
  const read = readObjects(repository, new Set(entries.map(({ object }) => object)))
  if (!read.ok) return read
  const byPath = new Map(entries.map((entry) => [entry.path, entry]))
  const files = new Map<string, FileOfRevision>()
  for (const entry of entries) {
    const target = followLinks(entry, byPath, read.value)
    const bytes = target === null ? undefined : read.value.get(target.object)
    if (target !== null && bytes !== undefined) files.set(entry.path, { path: target.path, bytes })
  }
  return { ok: true, value: files }
}

/** `MODE TYPE OBJECT\tPATH\0`; submodules are commits, and not files. */
function parseEntries(text: string): Entry[] {
  return text.split('\0').flatMap((line) => {
    const match = /^(\d+) blob ([0-9a-f]+)\t(.*)$/s.exec(line)
    return match === null ? [] : [{ mode: match[1]!, object: match[2]!, path: match[3]! }]
  })
}

function followLinks(
  entry: Entry,
  byPath: ReadonlyMap<string, Entry>,
  objects: ReadonlyMap<string, Uint8Array>,
): Entry | null {
  let at: Entry | undefined = entry
  for (let links = 0; at !== undefined && links < MAX_LINKS; links++) {
    if (at.mode !== SYMBOLIC_LINK) return at
    const target = new TextDecoder().decode(objects.get(at.object))
    at = byPath.get(posix.join(posix.dirname(at.path), target))
  }
  return null
}

/** `OBJECT blob SIZE\n`, the bytes, `\n`; one after another. */
function readObjects(repository: Repository, objects: ReadonlySet<string>): GitAnswer<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  if (objects.size === 0) return { ok: true, value: found }
  const input = `${[...objects].join('\n')}\n`
  const answer = git(['cat-file', '--batch'], { cwd: repository.root, input })
  if (!answer.ok) return answer
  const bytes = answer.value
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0x0a, at)
    const [object = '', type = '', size = ''] = bytes.toString('latin1', at, end).split(' ')
    if (type !== 'blob') return { ok: false, message: `git cannot read the object ${object}: ${type}` }
    found.set(object, bytes.subarray(end + 1, end + 1 + Number(size)))
    at = end + 1 + Number(size) + 1
  }
  return { ok: true, value: found }
}
