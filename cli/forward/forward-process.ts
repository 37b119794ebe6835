/**
 * What the process of `assay forward` becomes once its settings are read (`become-forwarder.ts`): this file and what it imports is all that
 * stays in memory.
 */

import { type ForwarderRun, RUN_VARIABLE } from './forwarder-run.ts'
import { runForward } from './run-forward.ts'

process.title = 'assay forward'
const { [RUN_VARIABLE]: run = '' } = process.env
delete process.env[RUN_VARIABLE]
await runForward(JSON.parse(run) as ForwarderRun)
