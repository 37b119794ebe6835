import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openBullQueue } from './bull-queue.ts'
import { queueContract, untilState } from './contract.ts'
import { openQueue } from './open-queue.ts'
import { openPgliteBackend } from './pglite-backend.ts'

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
  queueContract('pglite', () => ({ open: () => openBullQueue({ ...backend, close: async () => {} }, fail) }))
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
    await queue.work(async (job) => void seen.set(job.runId, (seen.get(job.runId) ?? 0) + 1), {
      concurrency: 4,
      lockMs: 500,
      onError: fail,
    })
    for (const runId of acknowledged) await untilState(queue, runId, 'done')
    await queue.close()
    expect([...seen.values()].every((times) => times === 1)).toBe(true)
    expect([...acknowledged].filter((runId) => !seen.has(runId))).toEqual([])
  }, 60_000)

  test('killed during the very first start, it starts afresh', async () => {
    await enqueueUntilKilled(dataDir, 0, 150)
    const queue = await openQueue({ dataDir }, fail)
    expect(await queue.stateOf('nothing@0')).toBe('unknown')
    await queue.close()
  })

  test('an unreadable folder is a clear error', async () => {
    await writeFile(join(dataDir, 'queue'), 'not a folder')
    await expect(openQueue({ dataDir }, fail)).rejects.toThrow(
      /job queue in .*queue cannot be opened.*move the folder away/s,
    )
  })
})

/** Runs a process that enqueues run after run and prints each acknowledged id, holds one as active, and is killed. */
async function enqueueUntilKilled(dir: string, round: number, killAfterMs?: number): Promise<string[]> {
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
  if (killAfterMs === undefined) await Promise.race([enough.promise, exited])
  else await new Promise((resolve) => setTimeout(resolve, killAfterMs))
  child.kill('SIGKILL')
  await exited
  // The last line may be cut.
  return output.split('\n').slice(0, -1)
}

function fail(error: Error): void {
  throw error
}
