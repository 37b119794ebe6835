import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stateContract } from './contract.ts'
import { type EmbeddedState, openEmbeddedState } from './embedded.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-state-'))
let nowMs = 1_800_000_000_000
const clock = () => nowMs
afterAll(() => rmSync(folder, { recursive: true }))

stateContract('embedded', () => ({
  open: () => openEmbeddedState({ dataDir: folder, nowMs: clock }),
  pass: async (ms) => {
    nowMs += ms
  },
}))

describe('the file', () => {
  test('keeps what was set over a restart', async () => {
    const before = await openEmbeddedState({ dataDir: folder, nowMs: clock })
    await before.set('kept', 'yes', 60_000)
    await before.close()
    const after = await openEmbeddedState({ dataDir: folder, nowMs: clock })
    expect(await after.get('kept')).toBe('yes')
    await after.close()
  })

  test('does not keep what has expired', async () => {
    const state = await openEmbeddedState({ dataDir: folder, nowMs: clock })
    for (let i = 0; i < 50; i++) await state.set(`swept ${i}`, 'x', 1_000)
    nowMs += 120_000
    await state.set('live', 'x', 1_000)
    await state.close()
    const db = new DatabaseSync(join(folder, 'state', 'state.db'), { readOnly: true })
    expect(db.prepare("SELECT count(*) AS n FROM state WHERE key LIKE 'swept%'").get()).toEqual({ n: 0 })
    db.close()
  })

  test('in memory it is a folder of its own, gone at the end', async () => {
    const [a, b] = await Promise.all([1, 2].map(() => openEmbeddedState({ dataDir: ':memory:', nowMs: clock })))
    await a!.set('mine', 'x', 1_000)
    expect(await b!.get('mine')).toBeUndefined()
    await Promise.all([a!.close(), b!.close()])
  })

  test('that is something else is a clear error', async () => {
    const other = mkdtempSync(join(tmpdir(), 'assay-state-'))
    writeFileSync(join(other, 'state'), 'not a folder')
    await expect(openEmbeddedState({ dataDir: other, nowMs: clock })).rejects.toMatchObject({
      name: 'StateError',
      code: 'unavailable',
    })
    rmSync(other, { recursive: true })
  })
})

describe('in memory', () => {
  let first: EmbeddedState
  beforeAll(async () => {
    first = await openEmbeddedState({ dataDir: ':memory:', nowMs: clock })
  })
  afterAll(() => first.close())
  stateContract('embedded', () => ({
    // Further threads open the temporary folder by its path.
    open: () => openEmbeddedState({ dataDir: first.dataDir, nowMs: clock }),
    pass: async (ms) => {
      nowMs += ms
    },
  }))
})
