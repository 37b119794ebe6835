/** The package as it is published: packed, unpacked elsewhere, and run from there. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createMessageConnection,
  ExitNotification,
  InitializeRequest,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node'
import { VERSION } from '../cli/version.ts'
import { buildWebIfStale } from '../scripts/web-build.mjs'
import { runAssay, startAssay } from './support/assay-process.ts'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'assay-package-'))
const installed = join(folder, 'node_modules', 'assay')
const entry = join(installed, 'bin', 'assay.cjs')
const program = [process.execPath, entry] as const

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts', 'build.ts')], { cwd: root })
  buildWebIfStale(root)
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: root })
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  if (tarball === undefined) throw new Error('npm pack made no package')
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['-xzf', join(folder, tarball), '-C', installed, '--strip-components=1'])
  // Where npm would put the dependencies, without a network.
  symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'), 'dir')
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true }))

describe('the package', () => {
  test('holds no TypeScript, no tests, and the packs', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter(
      (file) => !file.startsWith('node_modules'),
    )
    expect(files.filter((file) => /\.ts$|\.test\.|^test/.test(file))).toEqual([])
    expect(files).toContain(join('evals', 'pii.eval'))
  })

  test('holds the pages, whose first load is under 250 kB of compressed script', () => {
    const pages = join(installed, 'web', 'dist')
    const packedBytes = (name: string): number => statSync(join(pages, 'assets', `${name}.br`)).size
    const scripts = readdirSync(join(pages, 'assets')).filter((name) => name.endsWith('.js'))
    /** What a script needs before it runs: its own imports, and theirs. */
    const needed = (name: string, found = new Set<string>()): ReadonlySet<string> => {
      if (found.has(name)) return found
      found.add(name)
      const text = readFileSync(join(pages, 'assets', name), 'utf8')
      for (const [, other] of text.matchAll(/(?:from|import)\s*["'`]\.\/([^"'`]+\.js)["'`]/g)) needed(other!, found)
      return found
    }
    const entry = /assets\/(index-[\w-]+\.js)/.exec(readFileSync(join(pages, 'index.html'), 'utf8'))?.[1]
    const routes = scripts.filter((name) => /-page-/.test(name))
    expect(routes.length).toBeGreaterThan(6)
    for (const route of routes) {
      const all = new Set([...needed(entry!), ...needed(route)])
      expect(all.size, route).toBeGreaterThan(2)
      expect(
        [...all].reduce((sum, name) => sum + packedBytes(name), 0),
        route,
      ).toBeLessThan(250_000)
    }
  })

  test('checks and tests a project that imports a pack', async () => {
    const project = join(folder, 'project')
    mkdirSync(project)
    writeFileSync(
      join(project, 'shop.eval'),
      `package shop
import pii from "assay:pii"

online eval quick {
  title: "Answers within eight seconds"
  owner: "@shop"
  on: trace
  pass: duration <= 8s
}

online eval no_mail {
  title: "Answers hold no mail address"
  owner: "@shop"
  on: llm_call
  pass: not (output.text matches pii.email)
  missing: unknown
}

test "a quick trace" {
  given trace { duration: 2s llm_call { output.text: "done" } }
  expect quick: pass
  expect no_mail: pass
}
`,
    )
    const checked = await runAssay(['check', '.'], { program, cwd: project })
    expect(checked).toEqual({ code: 0, stdout: '1 file checked: 2 evals, 0 alerts, 1 test, no problems\n', stderr: '' })
    const tested = await runAssay(['test', '.'], { program, cwd: project })
    expect(tested).toMatchObject({ code: 0, stderr: '' })
    const version = await runAssay(['--version'], { program })
    expect(version.stdout).toBe(`${VERSION}\n`)
  })

  test('serves editors', async () => {
    const server = spawn(process.execPath, [entry, 'lsp'], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] })
    const connection = createMessageConnection(
      new StreamMessageReader(server.stdout),
      new StreamMessageWriter(server.stdin),
    )
    connection.listen()
    const exited = once(server, 'exit')
    const answer = await connection.sendRequest(InitializeRequest.type, {
      processId: process.pid,
      rootUri: null,
      capabilities: {},
    })
    expect(answer.capabilities.hoverProvider).toBeTruthy()
    await connection.sendRequest(ShutdownRequest.type)
    await connection.sendNotification(ExitNotification.type)
    expect((await exited)[0]).toBe(0)
    connection.dispose()
  })

  test('runs the whole platform, with its threads and its packs', async () => {
    const assay = await startAssay({ program, dataDir: ':memory:', cwd: folder })
    try {
      const health = await fetch(`${assay.apiUrl}/health`)
      expect(health.status).toBe(200)
      expect(assay.output()).toContain('assay:pii: pii/no_pii')
      expect(assay.stderr()).toBe('')
    } finally {
      expect(await assay.stop()).toBe(0)
    }
  }, 40_000)
})

describe('an older Node', () => {
  const { refusal } = createRequire(import.meta.url)('../bin/refusal.cjs') as { refusal: (version: string) => string }
  test.each([
    ['18.20.0', 'assay: this is Node 18.20.0; Assay needs Node 24 or newer (https://nodejs.org)\n'],
    ['23.11.0', 'assay: this is Node 23.11.0; Assay needs Node 24 or newer (https://nodejs.org)\n'],
    ['24.0.0', null],
    ['100.0.0', null],
  ])('%s', (version, line) => {
    expect(refusal(version)).toBe(line)
  })

  /** Those of the machine that are older, if it has one. */
  const older = ['/usr/bin/node', '/usr/local/bin/node'].filter((file) => {
    if (!existsSync(file)) return false
    return Number(spawnSync(file, ['-v'], { encoding: 'utf8' }).stdout.slice(1).split('.')[0]) < 24
  })
  test.each(older)('is told so in a line, with exit code 2: %s', (file) => {
    const { status, stdout, stderr } = spawnSync(file, [entry, 'check', '.'], { encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^assay: this is Node [\d.]+; Assay needs Node 24 or newer \(https:\/\/nodejs\.org\)\n$/)
  })
})
