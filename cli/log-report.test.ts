import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openEmbeddedLog } from '../storage/log/embedded.ts'
import { AGENT_TRACES, onlineTopicsFor } from '../storage/log/topics.ts'
import { reportTo } from './log-report.ts'

test('what an append of one thread deletes by the size bound that another set is told by the one that appends', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-log-report-'))
  const main: string[] = []
  const gateway: string[] = []
  const first = await openEmbeddedLog({ dataDir, onReport: reportTo((text) => main.push(text)) })
  await first.ensureTopics(onlineTopicsFor('embedded', 1_000_000))
  const second = await openEmbeddedLog({ dataDir, onReport: reportTo((text) => gateway.push(text)) })
  for (let i = 0; i < 20; i++) await second.append(AGENT_TRACES, [{ key: 'k', value: new Uint8Array(100_000) }])
  expect(main).toEqual([])
  expect(gateway[0]).toMatch(
    /^log: deleted the oldest \d+ records? \(1 MB\) of agent-traces, because its size bound was reached/,
  )
  await second.close()
  await first.close()
  rmSync(dataDir, { recursive: true })
})
