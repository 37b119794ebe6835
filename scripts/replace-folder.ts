/** A folder put in the place of another, by as many as want to at once. */
import { mkdirSync, renameSync, rmSync } from 'node:fs'

/** Each lost turn is another's success: so many builds do not end in one moment. */
const MAX_TURNS = 1_000

/** `next` is then at `folder`, whole; what was there is gone. The last of several stays. */
export function replaceFolder(next: string, folder: string): void {
  const old = `${next}.old`
  for (let turn = 1; ; turn++) {
    try {
      mkdirSync(folder, { recursive: true })
      renameSync(folder, old)
    } catch (error) {
      // Another moved it away meanwhile.
      if (codeOf(error) !== 'ENOENT' || turn === MAX_TURNS) throw error
      continue
    }
    rmSync(old, { recursive: true, force: true })
    try {
      renameSync(next, folder)
      return
    } catch (error) {
      // Another put its own there meanwhile.
      if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error)) || turn === MAX_TURNS) throw error
    }
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')
