/** What `assay up` says when it cannot start: one clear message, an exit code, an end, and never a stack trace. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runAssay, startAssay } from '../support/assay-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-refused-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let folderCount = 0
const newData = (): string => join(folder, `data-${++folderCount}`)
const freePorts = ['--otlp-http-port', '0', '--otlp-grpc-port', '0', '--http-port', '0'] as const

async function takePort(): Promise<{ port: number; free(): Promise<void> }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, free: () => new Promise((resolve) => server.close(() => resolve())) }
}

async function expectRefused(args: readonly string[], code: number, env: Readonly<Record<string, string>> = {}) {
  const outcome = await runAssay(['up', ...args], { env, cwd: folder })
  expect(outcome.code, outcome.stderr).toBe(code)
  expect(outcome.stderr).not.toMatch(/^ {4}at |node:internal|Node\.js v/m)
  expect(outcome.stdout).not.toContain('Ready')
  return outcome.stderr
}

describe.concurrent('settings', () => {
  test('every wrong one is told at once', async () => {
    const said = await expectRefused(['--http-port', '99999', '--data', ''], 2, { ASSAY_OTLP_HTTP_PORT: 'x' })
    expect(said.trimEnd().split('\n')).toEqual([
      'assay up: --data must name a folder (it is "")',
      'assay up: --http-port must be a port, between 0 and 65535 (it is "99999")',
      'assay up: ASSAY_OTLP_HTTP_PORT must be a port, between 0 and 65535 (it is "x")',
    ])
  })

  test.each([
    [['--nope'], "unknown option '--nope'"],
    [['evals'], 'too many arguments'],
  ])('usage: %j', async (args, message) => {
    expect(await expectRefused(args, 2)).toContain(message)
  })

  test('--help tells flags, variables and examples', async () => {
    const { code, stdout } = await runAssay(['up', '--help'])
    expect(code).toBe(0)
    for (const word of ['--data', '--evals', '--otlp-http-port', '--http-port', '--host', 'ASSAY_DATA', 'REDIS_URL'])
      expect(stdout).toContain(word)
  })
})

describe.concurrent('the data folder', () => {
  test('in use: the process that has it is named', async () => {
    const dataDir = newData()
    const owner = await startAssay({ dataDir })
    try {
      const said = await expectRefused(['--data', dataDir, ...freePorts], 2)
      expect(said).toMatch(new RegExp(`^assay up: the data folder .+ is in use by process ${owner.pid} since`))
    } finally {
      await owner.stop()
    }
  })

  test('a file', async () => {
    const file = join(folder, 'a-file')
    writeFileSync(file, 'x')
    expect(await expectRefused(['--data', file, ...freePorts], 2)).toContain(`${file} is not a folder`)
  })

  test('not writable', async () => {
    expect(await expectRefused(['--data', '/proc/assay', ...freePorts], 2)).toContain(
      'cannot write to the data folder /proc/assay',
    )
  })

  test('of a traces store that is something else', async () => {
    const dataDir = newData()
    mkdirSync(join(dataDir, 'traces'), { recursive: true })
    writeFileSync(join(dataDir, 'traces', 'chdb'), 'not a folder')
    const said = await expectRefused(['--data', dataDir, ...freePorts], 2)
    expect(said).toContain(`the traces below ${dataDir} cannot be opened`)
  })
})

describe.concurrent('addresses', () => {
  test('both ports in use: both are told, with their flags', async () => {
    const [otlp, api] = [await takePort(), await takePort()]
    const said = await expectRefused(
      ['--data', newData(), '--otlp-http-port', `${otlp.port}`, '--otlp-grpc-port', '0', '--http-port', `${api.port}`],
      2,
    )
    expect(said).toMatch(new RegExp(`OTLP/HTTP: 127.0.0.1:${otlp.port} is already in use; .+ --otlp-http-port`))
    expect(said).toMatch(new RegExp(`API: 127.0.0.1:${api.port} is already in use; .+ --http-port`))
    await otlp.free()
    await api.free()
  })

  test('one port in use, and the folder is free again afterwards', async () => {
    const api = await takePort()
    const dataDir = newData()
    const said = await expectRefused(
      ['--data', dataDir, '--otlp-http-port', '0', '--otlp-grpc-port', '0', '--http-port', `${api.port}`],
      2,
    )
    expect(said).toMatch(/^assay up: API: .+ is already in use/)
    await api.free()
    const second = await startAssay({ dataDir })
    expect(await second.stop()).toBe(0)
  })

  test.each([
    ['no.such.host.invalid', /no\.such\.host\.invalid (is not known|could not be looked up); see --host/],
    ['192.0.2.77', /192\.0\.2\.77 is not an address of this machine; see --host/],
  ])('host %s', async (host, message) => {
    expect(await expectRefused(['--data', newData(), '--host', host, ...freePorts], 2)).toMatch(message)
  })
})

describe.concurrent('.eval files', () => {
  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }

  test('that do not check are told with place and fix, all of them', async () => {
    const bad = file('bad.eval', 'package a\nonline eval b {\n  on: nope\n}\n')
    const said = await expectRefused(['--data', newData(), '--evals', bad, ...freePorts], 1)
    expect(said).toMatch(/E0110[\s\S]+bad\.eval:2:13[\s\S]+fix:/)
    expect(said).toMatch(/E0205[\s\S]+bad\.eval:3:7/)
  })

  test('that are no text, or cannot be read', async () => {
    const binary = file('binary.eval', 'package a\0')
    expect(await expectRefused(['--data', newData(), '--evals', binary, ...freePorts], 1)).toContain('NUL bytes')
    const loop = join(folder, 'loop')
    mkdirSync(join(loop, 'x.eval'), { recursive: true })
    writeFileSync(join(loop, 'y.eval'), Buffer.from([0xff, 0xfe, 0x41]))
    expect(await expectRefused(['--data', newData(), '--evals', loop, ...freePorts], 1)).toContain('UTF-8')
    const closed = file('closed.eval', 'package a\n')
    chmodSync(closed, 0)
    // Root reads it all the same.
    if (process.getuid?.() !== 0)
      expect(await expectRefused(['--data', newData(), '--evals', closed, ...freePorts], 1)).toContain('no permission')
  })

  test('that are not there: every missing path is named', async () => {
    const said = await expectRefused(['--data', newData(), '--evals', 'gone', '--evals', 'away', ...freePorts], 2)
    expect(said).toMatch(/--evals \S*gone: there is no such file or folder\n.*--evals \S*away: there is no such/)
  })

  test('of which a folder has none', async () => {
    mkdirSync(join(folder, 'empty'))
    const said = await expectRefused(['--data', newData(), '--evals', 'empty', ...freePorts], 2)
    expect(said).toContain('there are no .eval files in empty')
  })
})
