import { type FSWatcher, statSync, watch } from 'node:fs'

/** Of files: names, sizes and times of change, without reading anything. */
export function fingerprint(files: Iterable<string>): string {
  return [...files]
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false })
      return stats === undefined ? `${file} gone` : `${file} ${stats.size} ${stats.mtimeMs} ${stats.ino}`
    })
    .join('\n')
}

/** Watches a set of folders that may change; what cannot be watched is left to the poll. */
export class WatchedFolders {
  readonly #onChange: (name: string | null) => void
  readonly #watchers = new Map<string, FSWatcher>()

  constructor(onChange: (name: string | null) => void) {
    this.#onChange = onChange
  }

  follow(folders: ReadonlySet<string>): void {
    for (const [folder, watcher] of this.#watchers) if (!folders.has(folder)) this.#forget(folder, watcher)
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#open(folder)
  }

  #open(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => this.#onChange(name))
      watcher.on('error', () => this.#forget(folder, watcher))
      this.#watchers.set(folder, watcher)
    } catch {
      // It went away, or the system has no more watches to give.
    }
  }

  #forget(folder: string, watcher: FSWatcher): void {
    watcher.close()
    this.#watchers.delete(folder)
  }
}
