// `npm start`: install what is missing, then `assay up`.
import { join } from 'node:path'
import { ensureInstalled, root, runPinned } from './bootstrap.mjs'

await ensureInstalled()
runPinned(join(root, 'cli', 'main.ts'), ['up', ...process.argv.slice(2)])
