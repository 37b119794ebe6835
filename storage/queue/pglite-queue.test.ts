import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { openBullQueue } from './bull-queue.ts'
import { queueContract } from './contract.ts'
import { plans, untilState } from './contract-jobs.ts'
import { openQueue } from './open-queue.ts'
import { maintain, openPgliteBackend } from './pglite-backend.ts'
import { PglitePool } from './pglite-pool.ts'

// Making PGlite's folder is seconds of CPU, more on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

let dataDir: string

describe('on one PGlite folder', () => {
  let backend: Awaited<ReturnType<typeof openPgliteBackend>>
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'assay-queue-'))
    backend = await openPgliteBackend(join(dataDir, 'queue'))
  })
  afterAll(async () => {
    await backend.close()
    await rm(dataDir, { recursive: true, force: true })
  })
  // PGlite belongs to one process: further connections share it.
  queueContract('pglite', () => ({
    open: () => openBullQueue({ ...backend, close: async () => {} }, fail, { investigationDelayMs: 0 }),
  }))
})

describe('the folder', () => {
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'assay-queue-'))
  })
  afterEach(async () => {
    await rm(dataDir, { recursive: true, force: true })
  })

  test('survives SIGKILL at any moment: enqueued runs are there once, the interrupted one runs again', async () => {
    const acknowledged: string[] = []
    for (let kill = 0; kill < 3; kill++) acknowledged.push(...(await enqueueUntilKilled(dataDir, kill)))
    expect(acknowledged.length).toBeGreaterThan(0)

    const queue = await openQueue({ dataDir }, fail)
    const seen = new Map<string, number>()
    await queue.work(
      plans(async (job) => void seen.set(job.runId, (seen.get(job.runId) ?? 0) + 1)),
      {
        concurrency: 4,
        lockMs: 500,
        onError: fail,
      },
    )
    for (const runId of acknowledged) await untilState(queue, runId, 'done')
    await queue.close()
    expect([...seen.values()].every((times) => times === 1)).toBe(true)
    expect([...acknowledged].filter((runId) => !seen.has(runId))).toEqual([])
  })

  test('killed during the very first start, it starts afresh', async () => {
    // The file stands from before initdb until after it; PG_VERSION is among the first that initdb writes.
    await enqueueUntilKilled(dataDir, 0, () => untilThere(join(dataDir, 'queue', 'PG_VERSION')))
    await access(join(dataDir, 'queue.unfinished'))
    const queue = await openQueue({ dataDir }, fail)
    expect(await queue.stateOf('default', 'nothing@0')).toBe('unknown')
    await queue.close()
  })

  test('an unreadable folder is a clear error', async () => {
    await writeFile(join(dataDir, 'queue'), 'not a folder')
    await expect(openQueue({ dataDir }, fail)).rejects.toThrow(
      /job queue in .*queue cannot be opened.*move the folder away/s,
    )
  })
})

test('maintenance keeps the files from growing with every change', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'assay-queue-'))
  const db = await PGlite.create(join(folder, 'queue'))
  const pool = new PglitePool(db)
  await pool.query('CREATE TABLE busy (id int PRIMARY KEY, text text)')
  await pool.query(`INSERT INTO busy SELECT i, 'row' FROM generate_series(1, 1000) i`)
  const sizeAfterChanges = async () => {
    for (let i = 0; i < 10; i++) await pool.query('UPDATE busy SET text = $1', [`change ${i}`])
    await maintain(pool)
    const { rows } = await pool.query<{ size: string }>(`SELECT pg_total_relation_size('busy') AS size`)
    return Number(rows[0]?.size)
  }
  const first = await sizeAfterChanges()
  for (let round = 0; round < 4; round++) await sizeAfterChanges()
  expect(await sizeAfterChanges()).toBeLessThanOrEqual(first)
  await pool.end()
  await db.close()
  await rm(folder, { recursive: true, force: true })
})

/** Runs a process that enqueues run after run and prints each acknowledged id, holds one as active, and is killed. */
async function enqueueUntilKilled(dir: string, round: number, moment?: () => Promise<void>): Promise<string[]> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'fixtures', 'enqueue-forever.ts'), dir, String(round)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let output = ''
  const enough = Promise.withResolvers<void>()
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (output.split('\n').length > 20) enough.resolve()
  })
  const exited = once(child, 'exit')
  await Promise.race([moment === undefined ? enough.promise : moment(), exited])
  child.kill('SIGKILL')
  await exited
  // The last line may be cut.
  return output.split('\n').slice(0, -1)
}

async function untilThere(path: string): Promise<void> {
  const there = () =>
    access(path).then(
      () => true,
      () => false,
    )
  while (!(await there())) await new Promise((resolve) => setTimeout(resolve, 2))
}

function fail(error: Error): void {
  throw error
}
