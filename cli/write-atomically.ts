import { chmodSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * Replaces a file's text at once: whoever reads it sees the old text or the new one, and a failure leaves the old one. A symbolic
 * link stays one; the file keeps its permissions. Throws what the file system throws.
 */
export function writeAtomically(path: string, text: string): void {
  const target = realpathSync(path)
  const draft = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`)
  try {
    writeFileSync(draft, text, { flag: 'wx' })
    chmodSync(draft, statSync(target).mode)
    renameSync(draft, target)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}
