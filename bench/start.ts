/** From `npm start`'s process to its line that says ready, on a data folder that has been used before. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startAssay } from '../test/support/assay-process.ts'

const warmRuns = 5

export async function run(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-bench-'))
  const readyMs: number[] = []
  try {
    for (let index = 0; index <= warmRuns; index++) {
      const assay = await startAssay({ dataDir })
      readyMs.push(assay.readyMs)
      await assay.stop()
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
  const [cold = 0, ...warm] = readyMs
  warm.sort((a, b) => a - b)
  const median = warm[Math.floor(warm.length / 2)] ?? 0
  console.log('start to ready')
  console.log(`  empty data folder   ${(cold / 1000).toFixed(2)} s`)
  console.log(`  warm, median of ${warm.length}   ${(median / 1000).toFixed(2)} s`)
}
