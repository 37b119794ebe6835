import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The `.eval` files below a folder, as `assay check` finds them. What cannot be listed has none. Ends when the signal says so. */
export async function* folderFiles(folder: string, signal: AbortSignal): AsyncGenerator<string> {
  const open = [folder]
  for (let next = open.pop(); next !== undefined && !signal.aborted; next = open.pop()) {
    const entries = await readdir(next, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
      const path = join(next, entry.name)
      if (entry.isDirectory()) open.push(path)
      else if (entry.name.endsWith('.eval')) yield path
    }
  }
}
