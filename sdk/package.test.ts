/** The package as it is published: packed, unpacked elsewhere, and used from there, with what it depends on and no more. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { VERSION } from './version.ts'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'assay-sdk-package-'))
const installed = join(folder, 'node_modules', '@assay', 'sdk')
const manifest = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8')) as {
  version: string
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
}

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts', 'build-sdk.ts')], { cwd: root })
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: import.meta.dirname,
  })
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  if (tarball === undefined) throw new Error('npm pack made no package')
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['-xzf', join(folder, tarball), '-C', installed, '--strip-components=1'])
  // Where npm would put the dependencies, without a network.
  for (const scope of ['@opentelemetry', '@types', 'undici-types'])
    symlinkSync(join(root, 'node_modules', scope), join(folder, 'node_modules', scope), 'dir')
}, 90_000)
afterAll(() => rmSync(folder, { recursive: true }))

test('its version is the code’s', () => {
  expect(manifest.version).toBe(VERSION)
})

test('it holds JavaScript, types, and nothing of its tests', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
  expect(files.filter((file) => /\.test\.|testing|[^d]\.ts$/.test(file))).toEqual([])
  expect(files).toEqual(
    expect.arrayContaining([
      'README.md',
      join('dist', 'index.js'),
      join('dist', 'index.d.ts'),
      join('dist', 'cjs', 'index.js'),
    ]),
  )
})

test('it imports what it depends on, and nothing else', () => {
  const code = readFileSync(join(installed, 'dist', 'index.js'), 'utf8')
  const imported = [...code.matchAll(/from "([^"]+)"/g)]
    .map((match) => match[1]!)
    .filter((name) => !name.startsWith('node:'))
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  expect([...new Set(imported)].sort()).toEqual(declared.sort())
})

const agent = `
const assay = startAssay({ url: 'http://127.0.0.1:9', flushTimeoutMs: 200, log: (line) => console.log(line.slice(0, 20)) })
agent({ name: 'a' }, () => tool({ name: 't' }, () => 1))
assay.shutdown().then(() => console.log(assay.stats().droppedSpans.shutdown))
`
/** This Node, and those of the machine that are older, if it has one. */
const nodes = [process.execPath, '/usr/bin/node', '/usr/local/bin/node'].filter((file) => existsSync(file))

describe.each(nodes)('%s', (node) => {
  test.each([
    ['import', 'agent.mjs', `import { agent, startAssay, tool } from '@assay/sdk'`],
    ['require', 'agent.cjs', `const { agent, startAssay, tool } = require('@assay/sdk')`],
  ])('by %s', (_, name, line) => {
    writeFileSync(join(folder, name), `${line}\n${agent}`)
    const { stdout, stderr, status } = spawnSync(node, [join(folder, name)], { encoding: 'utf8', cwd: folder })
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expect(stdout).toMatch(/^(assay: http:\/\/127\.0\.\n)?assay: 2 spans were \n2\n$/)
  })
})

test.each(['user.mts', 'user.cts'])('its types hold in %s', (name) => {
  const code = `import { agent, AssaySpanProcessor, assayOpenAI, startAssay } from '@assay/sdk'
const started = startAssay({ url: 'http://x', sampling: { rate: 0.1 } })
const n: number = started.stats().droppedSpans.buffer_full
const text: Promise<string> = agent({ name: 'a' }, async (span) => span.spanContext().traceId + n)
const client: { chat: number } = assayOpenAI({ chat: 1 })
new AssaySpanProcessor({ key: 'k' }).shutdown()
// @ts-expect-error there is no such option
startAssay({ urll: 'x' })
export { text, client }
`
  writeFileSync(join(folder, name), code)
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    'node',
    '--skipLibCheck',
    'false',
  ]
  const { stdout, status } = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), [...flags, name], {
    encoding: 'utf8',
    cwd: folder,
  })
  // Only what is ours: a fault in a dependency's types is not.
  expect(stdout.split('\n').filter((line) => /assay|^user/.test(line))).toEqual([])
  expect(status === 0 || !stdout.includes('user.')).toBe(true)
})
