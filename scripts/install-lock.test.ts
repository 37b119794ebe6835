import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { explainEnding } from './endings.mjs'
import { abandonLock, addOwner, isAlive, ownersOf, releaseLock, takeLock } from './install-lock.mjs'

const folder = mkdtempSync(join(tmpdir(), 'assay-lock-'))
const file = join(folder, 'lock')
beforeEach(() => rmSync(file, { force: true }))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid

test('a lock is taken, held against others and given back', () => {
  expect(takeLock(file)).toEqual({ taken: true, wasInterrupted: false })
  expect(takeLock(file)).toEqual({ taken: false, owner: process.pid })
  releaseLock(file)
  expect(takeLock(file)).toEqual({ taken: true, wasInterrupted: false })
})

test.each([
  ['was abandoned', () => abandonLock(file)],
  ['is of a process that died', () => writeFileSync(file, `${deadPid()}\n`)],
  ['was cut short', () => writeFileSync(file, '')],
])('a lock that %s is taken over, and tells of the install that did not end', (_case, leave) => {
  leave()
  expect(takeLock(file)).toEqual({ taken: true, wasInterrupted: true })
  expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n`)
  expect(readdirSync(folder)).toEqual(['lock'])
})

test('npm that outlives the process which started it still holds the lock', async () => {
  const npm = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'])
  addOwner(file, npm.pid!)
  writeFileSync(file, readFileSync(file, 'utf8').replace(String(process.pid), String(deadPid())))
  expect(takeLock(file)).toEqual({ taken: false, owner: npm.pid })
  npm.kill('SIGKILL')
  await once(npm, 'exit')
  expect(takeLock(file)).toEqual({ taken: true, wasInterrupted: true })
})

test('ids are read from a lock and nothing else', () => {
  expect(ownersOf('12\n34\n')).toEqual([12, 34])
  expect(ownersOf('interrupted\n-1 0 x1\n')).toEqual([])
  expect(isAlive(process.pid)).toBe(true)
  expect(isAlive(1)).toBe(true)
})

test('a crash at the start points to the installation, a later one to itself, and other ends to nothing', () => {
  expect(explainEnding('SIGBUS', 100)).toBe(
    'ended by SIGBUS; the installation looks damaged: delete node_modules and start again',
  )
  expect(explainEnding('SIGSEGV', 3_600_000)).toBe('ended by SIGSEGV')
  expect(explainEnding('SIGINT', 100)).toBeNull()
  expect(explainEnding(null, 100)).toBeNull()
})
