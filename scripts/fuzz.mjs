// `npm run test:fuzz`: 10,000 damaged payloads over every protocol of the gateway. `ASSAY_FUZZ_PAYLOADS` and `ASSAY_FUZZ_SEED` change which.
import { join } from 'node:path'
import { ensureInstalled, root, runPinned } from './bootstrap.mjs'

await ensureInstalled()
process.env.ASSAY_FUZZ_PAYLOADS ??= '10000'
runPinned(join(root, 'node_modules', 'vitest', 'vitest.mjs'), [
  'run',
  'ingest/fuzz.test.ts',
  '--disable-console-intercept',
])
