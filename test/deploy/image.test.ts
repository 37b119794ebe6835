/** `deploy/Dockerfile`, as far as it goes without a container engine: its files are there, and the build's own context is enough to build. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const dockerfile = readFileSync(join(root, 'deploy', 'Dockerfile'), 'utf8')

/** Lines that go on are joined; comments are gone. */
const instructions = dockerfile
  .split('\n')
  .filter((line) => !line.startsWith('#') && line.trim() !== '')
  .join('\n')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .map((line) => ({ name: line.split(' ')[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }))
const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'))
const only = (name: string): string => {
  const found = lastStage.filter((instruction) => instruction.name === name)
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} of ${name}`)
  return found[0].rest
}

/** What the build may read: the ignore file shuts all out and lets some in. */
const ignore = readFileSync(join(root, 'deploy', 'Dockerfile.dockerignore'), 'utf8').split('\n')
const letIn = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1))

describe('the Dockerfile', () => {
  test('copies what is there and may be read', () => {
    const copied = instructions
      .filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from='))
      .flatMap(({ rest }) => rest.split(' ').slice(0, -1))
      .filter((path) => path !== '.')
    expect(copied.length).toBeGreaterThan(2)
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([])
    expect(copied.filter((path) => !letIn.includes(path))).toEqual([])
  })

  test('copies from stages that come before', () => {
    const stages: string[] = []
    for (const { name, rest } of instructions) {
      if (name === 'FROM') stages.push(/ AS (\w+)$/.exec(rest)?.[1] ?? '')
      const from = name === 'COPY' ? /^--from=(\w+)/.exec(rest)?.[1] : undefined
      if (from !== undefined) expect(stages.slice(0, -1)).toContain(from)
    }
    expect(stages).toEqual(['package', 'app', ''])
  })

  test('runs as nobody in particular, on the Node that the package asks for, behind an init', () => {
    expect(only('USER')).toBe('10001:10001')
    expect(JSON.parse(only('ENTRYPOINT'))).toEqual(['tini', '--', 'assay'])
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { engines: { node: string } }
    expect(instructions.find(({ name }) => name === 'ARG')?.rest).toBe(
      `NODE_IMAGE=node:${engines.node.replace('>=', '')}-bookworm-slim`,
    )
    expect(only('EXPOSE')).toBe('3000 4317 4318')
  })

  test('checks its health with a script that it copies', () => {
    const script = /CMD \["node", "([^"]+)"\]$/.exec(only('HEALTHCHECK'))?.[1]
    expect(lastStage.map(({ rest }) => rest)).toContain(`deploy/healthcheck.mjs ${script}`)
  })
})

describe('the context of the build', () => {
  const context = mkdtempSync(join(tmpdir(), 'assay-context-'))
  beforeAll(() => {
    for (const path of letIn) {
      mkdirSync(dirname(join(context, path)), { recursive: true })
      cpSync(join(root, path), join(context, path), { recursive: true, filter: (file) => !file.endsWith('.test.ts') })
    }
    symlinkSync(join(root, 'node_modules'), join(context, 'node_modules'), 'dir')
  })
  afterAll(() => rmSync(context, { recursive: true }))

  test('is enough for the package', () => {
    execFileSync(process.execPath, [join(context, 'scripts', 'build.ts')], { cwd: context })
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--silent'], {
      cwd: context,
      encoding: 'utf8',
    })
    const [{ files }] = JSON.parse(packed) as [{ files: { path: string }[] }]
    const paths = files.map(({ path }) => path)
    for (const path of [
      'bin/assay.cjs',
      'bin/run.cjs',
      'dist/main.js',
      'evals/pii.eval',
      'scripts/node-flags.mjs',
      'LICENSE',
    ])
      expect(paths).toContain(path)
    const help = execFileSync(process.execPath, [join(context, 'bin', 'assay.cjs'), 'serve', '--help'], {
      encoding: 'utf8',
    })
    expect(help).toContain('trans-evaluate')
  }, 60_000)
})

describe('the health check', () => {
  const script = join(root, 'deploy', 'healthcheck.mjs')
  const check = async (port: number) => {
    const child = spawn(process.execPath, [script], { env: { ...process.env, ASSAY_HTTP_PORT: String(port) } })
    let stdout = ''
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk)
    })
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, stdout }
  }

  test.each([
    [200, 0],
    [503, 1],
  ])('a role that answers %d ends it with %d', async (status, code) => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(status).end('{"status":"so"}')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const outcome = await check((server.address() as AddressInfo).port)
    server.close()
    expect(outcome).toMatchObject({ code, stdout: '{"status":"so"}\n' })
    expect(asked).toEqual(['/ready'])
  })

  test('nobody there ends it with 1, and says so', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    expect(await check(port)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`nothing answers on port ${port}`),
    })
  })
})
