import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { MemoryWatch } from './memory.ts'
import { ROLES } from './schedule.ts'

const SCRIPT = "globalThis.kept = Buffer.alloc(600 << 20, 1); console.log('taken'); setInterval(() => {}, 1_000)"

test('a life that took too much counts after it was killed, with what it was', async () => {
  const child = spawn(process.execPath, ['-e', SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] })
  const watch = new MemoryWatch()
  const ownOf = (role: (typeof ROLES)[number], pid: number | null) => ({ name: `${role}-1`, role, pid, lives: 3 })
  try {
    await once(child.stdout, 'data')
    watch.look([ownOf('trans-store', child.pid!)], 'no ClickHouse')
  } finally {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  watch.look(
    ROLES.filter((role) => role !== 'worker').map((role) => ownOf(role, process.pid)),
    'counting',
  )
  const rows = new Map(watch.rows().map((row) => [/memory of (\S+)/.exec(row.what)![1], row]))
  expect(rows.get('trans-store')).toMatchObject({
    isKept: false,
    found: expect.stringMatching(/^6\d\d MB \(life 3 of trans-store-1; no ClickHouse\)$/),
  })
  expect(rows.get('worker')).toMatchObject({ isKept: false, found: 'never seen' })
  expect(rows.get('alerts')).toMatchObject({ found: expect.stringContaining('counting') })
})
