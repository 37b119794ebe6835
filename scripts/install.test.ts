/** The installer as a process, with an npm that takes its time: the real one is half a minute and a gigabyte. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { isAlive, ownersOf } from './install-lock.mjs'

const root = mkdtempSync(join(tmpdir(), 'assay-install-'))
const lock = join(root, '.assay-install.lock')
const half = join(root, 'node_modules', 'half-written')

beforeEach(() => {
  for (const name of ['node_modules', 'bin', 'scripts', '.assay-install.lock']) {
    rmSync(join(root, name), { recursive: true, force: true })
  }
  cpSync(import.meta.dirname, join(root, 'scripts'), { recursive: true })
  writeFileSync(join(root, 'package-lock.json'), '{}')
  mkdirSync(join(root, 'bin'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function npmIs(script: string): void {
  writeFileSync(join(root, 'bin', 'npm'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}

function start(): { child: ChildProcess; ended: Promise<{ code: number | null; stderr: string }> } {
  const env = { ...process.env, PATH: `${join(root, 'bin')}${delimiter}${process.env.PATH}` }
  const child = spawn(process.execPath, ['scripts/run.mjs', 'x'], {
    cwd: root,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr!.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, stderr })) }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20))
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends npm and what npm started, and the next start begins anew', async (signal, code) => {
  // npm itself would not stop on an interrupt, nor would what it starts.
  npmIs(`trap '' INT\nmkdir -p ${half}\nsleep 60 &\necho $! > ${join(root, 'bin', 'pid')}\nwait`)
  const first = start()
  await until(() => existsSync(join(root, 'bin', 'pid')) && readFileSync(join(root, 'bin', 'pid'), 'utf8') !== '')
  const owners = ownersOf(readFileSync(lock, 'utf8'))
  expect(owners[0]).toBe(first.child.pid)
  first.child.kill(signal)
  expect(await first.ended).toMatchObject({ code, stderr: expect.stringContaining('the install was interrupted') })
  const sleeper = Number(readFileSync(join(root, 'bin', 'pid'), 'utf8'))
  await until(() => !isAlive(sleeper) && !isAlive(owners[1]!))
  expect(existsSync(half)).toBe(true)

  npmIs('exit 7')
  const second = await start().ended
  expect(second.code).toBe(2)
  expect(second.stderr).toMatch(/the install before did not end: starting over[\s\S]+the install failed/)
  expect(existsSync(half)).toBe(false)
})

test('a second start waits for the first', async () => {
  npmIs(`until [ -e ${join(root, 'bin', 'go')} ]; do sleep 0.05; done\nexit 7`)
  const first = start()
  await until(() => existsSync(lock) && ownersOf(readFileSync(lock, 'utf8')).length === 2)
  const second = start()
  let said = ''
  second.child.stderr!.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await until(() => said.includes('is installing the dependencies; waiting for it'))
  writeFileSync(join(root, 'bin', 'go'), '')
  expect((await first.ended).code).toBe(2)
  expect((await second.ended).code).toBe(2)
})

test('an npm that installs nothing that runs is not believed', async () => {
  npmIs('exit 0')
  const { code, stderr } = await start().ended
  expect(code).toBe(2)
  expect(stderr).toContain('the installation does not work: the pinned Node is missing')
  expect(existsSync(join(root, 'node_modules', '.assay-installed'))).toBe(false)
})
