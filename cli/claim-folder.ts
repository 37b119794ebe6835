import { type DataFolder, openDataFolder } from '../storage/data-folder.ts'
import { CannotStart } from './roles/run-role.ts'

/** Opens the data folder and takes its lock. Throws `CannotStart` with what is wrong and how to mend it. */
export function claimFolder(path: string): DataFolder {
  const opened = openDataFolder(path)
  if (!opened.ok) throw new CannotStart(opened.message)
  return opened.folder
}
