import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeLogContract } from './contract.ts'
import { openEmbeddedLog } from './embedded.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'assay-log-'))

describeLogContract('embedded', {
  open: () => openEmbeddedLog({ dataDir }),
  close: async () => rmSync(dataDir, { recursive: true }),
  shortSessionTimeoutMs: 300,
  deadlineMs: 20_000,
})
