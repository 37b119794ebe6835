/** Between the addresses of editors and the paths of the language: packs are `assay:NAME`, other schemes stay as they are. */
import { readdirSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { packFolder } from '../pack-folder.ts'

const PACK = 'assay:'

export function pathOf(uri: string): string {
  if (!uri.startsWith('file:')) return uri
  try {
    const path = fileURLToPath(uri)
    return dirname(path) === packFolder && path.endsWith('.eval') ? `${PACK}${basename(path, '.eval')}` : path
  } catch {
    return uri
  }
}

export function uriOf(path: string): string {
  if (isAddress(path)) return path
  return pathToFileURL(filePathOf(path)).href
}

/** Where a file lies; a pack beside this program. */
export function filePathOf(path: string): string {
  return isPack(path) ? join(packFolder, `${path.slice(PACK.length)}.eval`) : path
}

export function isPack(path: string): boolean {
  return path.startsWith(PACK) && /^[\w-]+$/.test(path.slice(PACK.length))
}

/** `untitled:Untitled-1` and the like: no file. */
export function isAddress(path: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(path) && !isPack(path)
}

/** As `assay check` follows imports: packs by name, `.eval` files by a relative path. */
export function resolveImport(from: string, specifier: string): string | null {
  if (specifier.startsWith(PACK)) return isPack(specifier) ? specifier : null
  if (!/^\.\.?\/.*\.eval$/.test(specifier) || isAddress(from)) return null
  const path = resolve(dirname(filePathOf(from)), specifier)
  return pathOf(pathToFileURL(path).href)
}

/** What can be imported from a file: the packs, and files near it. */
export function specifiersFor(from: string, others: readonly string[]): string[] {
  const packs = readdirSync(packFolder).filter((name) => name.endsWith('.eval'))
  const files = isAddress(from) ? [] : others.filter((path) => path !== from && !isPack(path) && !isAddress(path))
  return [
    ...packs.map((name) => `${PACK}${basename(name, '.eval')}`),
    ...files.map((path) => relativeSpecifier(from, path)).sort((a, b) => a.length - b.length),
  ]
}

function relativeSpecifier(from: string, path: string): string {
  const near = relative(dirname(filePathOf(from)), path)
    .split(sep)
    .join('/')
  return near.startsWith('.') ? near : `./${near}`
}

export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)
}
