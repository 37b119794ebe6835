/** A process for the tests of the lock: opens the data folder, says `open` or the refusal as JSON, and holds it until killed. */
import { openDataFolder } from '../data-folder.ts'

const result = openDataFolder(process.argv[2]!)
process.stdout.write(`${result.ok ? 'open' : JSON.stringify(result)}\n`)
if (result.ok) setInterval(() => {}, 1000)
