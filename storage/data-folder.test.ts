import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DataFolder } from './data-folder.ts'
import { openDataFolder } from './data-folder.ts'
import { openEmbeddedLog } from './log/embedded.ts'

let base: string
const children: ChildProcess[] = []

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'assay-folder-')))
})
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
  rmSync(base, { recursive: true })
})

function opened(path: string): DataFolder {
  const result = openDataFolder(path)
  if (!result.ok) throw new Error(result.message)
  return result.folder
}

const refusal = (path: string) => {
  const result = openDataFolder(path)
  if (result.ok) result.folder.close()
  return result.ok ? null : { code: result.code, message: result.message }
}

async function holdInAnotherProcess(path: string): Promise<{ child: ChildProcess; said: string }> {
  const script = join(import.meta.dirname, 'testing', 'hold-data-folder.ts')
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const [said] = await once(child.stdout, 'data')
  return { child, said: String(said).trim() }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

test('git leaves a data folder alone: it holds what users wrote', () => {
  opened(join(base, 'data')).close()
  expect(readFileSync(join(base, 'data', '.gitignore'), 'utf8')).toBe('*\n')
})

test('a new folder is created, nested too, with its format', () => {
  const path = join(base, 'a', 'b')
  const folder = opened(path)
  expect(folder).toMatchObject({ path, holdsLock: true })
  expect(readFileSync(join(path, 'format'), 'utf8')).toBe('1\n')
  folder.close()
  opened(path).close()
})

describe('the lock', () => {
  test('another process is refused with who holds it, and let in after SIGKILL', async () => {
    const { child, said } = await holdInAnotherProcess(base)
    expect(said).toBe('open')
    expect(refusal(base)).toEqual({
      code: 'in_use',
      message: expect.stringMatching(
        `the data folder ${base} is in use by process ${child.pid} since .*: stop it, or give this one another folder`,
      ),
    })
    await expect(openEmbeddedLog({ dataDir: base })).rejects.toMatchObject({ name: 'LogError', code: 'locked' })
    await kill(child)
    expect(refusal(base)).toBeNull()
  })

  test('a folder that this process holds is refused to others until its last opening is closed', async () => {
    const first = opened(base)
    const log = await openEmbeddedLog({ dataDir: base })
    first.close()
    first.close()
    const { said } = await holdInAnotherProcess(base)
    expect(JSON.parse(said)).toMatchObject({ ok: false, code: 'in_use' })
    expect(said).toContain(`process ${process.pid} `)
    await log.close()
    expect((await holdInAnotherProcess(base)).said).toBe('open')
  })

  test('the same folder by another path is the same folder', () => {
    const link = `${base}-link`
    symlinkSync(base, link)
    try {
      const [one, two] = [opened(base), opened(link)]
      expect(two).toMatchObject({ path: base, run: one.run, holdsLock: true })
      one.close()
      two.close()
    } finally {
      rmSync(link)
    }
  })

  test('threads of the process come in without taking the lock', async () => {
    const folder = opened(base)
    const source = `
      import { parentPort, workerData } from 'node:worker_threads'
      const { openDataFolder } = await import(workerData.module)
      const result = openDataFolder(workerData.path)
      parentPort.postMessage(result.ok ? { run: result.folder.run, holdsLock: result.folder.holdsLock } : result)
      if (result.ok) result.folder.close()`
    const thread = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
      workerData: { module: new URL('./data-folder.ts', import.meta.url).href, path: base },
    })
    const [message] = await once(thread, 'message')
    expect(message).toEqual({ run: folder.run, holdsLock: false })
    await once(thread, 'exit')
    const { said } = await holdInAnotherProcess(base)
    expect(JSON.parse(said)).toMatchObject({ code: 'in_use' })
    folder.close()
  })

  test('each run of a process is told from the one before', () => {
    const first = opened(base)
    first.close()
    const second = opened(base)
    expect(second.run).not.toBe(first.run)
    second.close()
  })
})

describe('refusals say what is wrong and what to do', () => {
  const cases: [string, string, (path: string) => void, RegExp][] = [
    [
      'a newer format',
      'newer_version',
      (path) => writeFileSync(join(path, 'format'), '2\n'),
      /format 2.*upgrade Assay/,
    ],
    [
      'a foreign format file',
      'not_a_folder',
      (path) => writeFileSync(join(path, 'format'), 'yaml'),
      /no format number/,
    ],
    [
      'something else as the lock file',
      'not_a_folder',
      (path) => writeFileSync(join(path, 'lock.db'), 'not a database, but a text of some length'.repeat(40)),
      /lock.db is something else/,
    ],
    ['a folder as the lock file', 'not_writable', (path) => mkdirSync(join(path, 'lock.db')), /cannot write/],
  ]
  test.each(cases)('%s is %s', (_name, code, prepare, message) => {
    prepare(base)
    expect(refusal(base)).toEqual({ code, message: expect.stringMatching(message) })
  })

  test('a file instead of a folder, at the end or on the way', () => {
    const file = join(base, 'file')
    writeFileSync(file, '')
    expect(refusal(file)).toMatchObject({ code: 'not_a_folder', message: expect.stringContaining(file) })
    expect(refusal(join(file, 'below'))).toMatchObject({ code: 'not_a_folder' })
  })

  test('a place where nobody may write', () => {
    // Not even root may create a folder in procfs.
    expect(refusal('/proc/assay')).toMatchObject({
      code: 'not_writable',
      message: expect.stringContaining('/proc/assay'),
    })
  })
})

test('a crash before the format was written does no harm', () => {
  writeFileSync(join(base, 'format'), '')
  opened(base).close()
  expect(readFileSync(join(base, 'format'), 'utf8')).toBe('1\n')
})

test(':memory: is a new temporary folder, gone after close', () => {
  const [one, two] = [opened(':memory:'), opened(':memory:')]
  expect(one.path).not.toBe(two.path)
  one.close()
  expect(existsSync(one.path)).toBe(false)
  expect(existsSync(two.path)).toBe(true)
  two.close()
})
