import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openEmbeddedLog } from '../embedded.ts'

const ROUNDS = 24
const CHILD = join(import.meta.dirname, 'testing', 'append-until-killed.ts')

/** Runs the child, kills it this long after its first acknowledgement; resolves with the whole lines it wrote. */
async function runAndKill(dataDir: string, round: number, lifetimeMs: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, dataDir, String(round)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  const exited = once(child, 'close')
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const started = Promise.race([once(child.stdout, 'data'), exited])
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  await started
  await sleep(lifetimeMs)
  child.kill('SIGKILL')
  const [, signal] = await exited
  expect(errors).toBe('')
  expect(signal).toBe('SIGKILL')
  return output.split('\n').slice(0, -1)
}

test(`over ${ROUNDS} kills every acknowledged record is there once, and commits hold`, {
  timeout: 120_000,
}, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-kill-'))
  const acknowledged = new Map<string, string>()
  const committed = [0, 0, 0]
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const line of await runAndKill(dataDir, round, (round * 37) % 90)) {
        const [kind, partition, offset, id] = line.split(' ') as [string, string, string, string]
        if (kind === 'a') acknowledged.set(id, `${partition}/${offset}`)
        else committed[Number(partition)] = Number(offset)
      }
      const log = await openEmbeddedLog({ dataDir })
      const offsets = await log.committed('g')
      committed.forEach((offset, partition) => {
        const found = offsets.find((o) => o.partition === partition)?.offset ?? 0
        expect(found).toBeGreaterThanOrEqual(offset)
      })
      await log.close()
    }
    const log = await openEmbeddedLog({ dataDir })
    const stored = new Map<string, string>()
    for (const { partition, start, end } of await log.endOffsets('t')) {
      const records = await log.read('t', partition, start, end)
      expect(records.map((r) => r.offset)).toEqual(Array.from({ length: end }, (_, i) => i))
      for (const { key, offset, value } of records) {
        expect(stored.has(key!)).toBe(false)
        stored.set(key!, `${partition}/${offset}`)
        expect(value.every((byte) => byte === value[0])).toBe(true)
      }
    }
    const lost = [...acknowledged].filter(([id, position]) => stored.get(id) !== position)
    expect(lost).toEqual([])
    // The kills came while it worked, else this shows nothing.
    expect(acknowledged.size).toBeGreaterThan(ROUNDS * 10)
    expect(committed.every((offset) => offset > 0)).toBe(true)
    await log.close()
  } finally {
    rmSync(dataDir, { recursive: true })
  }
})
