// Runs a TypeScript file of this repository under the pinned Node: `node scripts/run.mjs FILE [ARGS]`.
import { join } from 'node:path'
import { ensureInstalled, root, runPinned } from './bootstrap.mjs'

const [file, ...args] = process.argv.slice(2)
if (file === undefined) {
  process.stderr.write('usage: node scripts/run.mjs FILE [ARGS]\n')
  process.exit(2)
}
await ensureInstalled()
runPinned(join(root, file), args)
