// `npm test [-- FILTER …]`: install what is missing, then the test suite.
import { join } from 'node:path'
import { ensureInstalled, root, runPinned } from './bootstrap.mjs'

await ensureInstalled()
runPinned(join(root, 'node_modules', 'vitest', 'vitest.mjs'), ['run', ...process.argv.slice(2)])
