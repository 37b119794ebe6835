// `npm start`: install what is missing, then `assay up`; its pages are built beside it where they changed.
import { join } from 'node:path'
import { ensureInstalled, root, runPinned } from './bootstrap.mjs'
import { buildWebInBackground } from './web-build.mjs'

await ensureInstalled()
buildWebInBackground(root)
runPinned(join(root, 'cli', 'main.ts'), ['up', ...process.argv.slice(2)])
