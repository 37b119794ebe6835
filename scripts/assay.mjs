// `npm run --silent assay -- …`: the command line from the clone.
import { join } from 'node:path'
import { ensureInstalled, root, runPinned } from './bootstrap.mjs'
import { buildWebInBackground } from './web-build.mjs'

await ensureInstalled()
if (process.argv[2] === 'up' || process.argv[2] === 'serve') buildWebInBackground(root)
runPinned(join(root, 'cli', 'main.ts'), process.argv.slice(2))
