// `npm run --silent assay -- …`: the command line from the clone.
import { join } from 'node:path'
import { ensureInstalled, root, runPinned } from './bootstrap.mjs'

await ensureInstalled()
runPinned(join(root, 'cli', 'main.ts'), process.argv.slice(2))
