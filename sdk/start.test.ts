/** `startAssay` in a process of its own, as agents run it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { exportSettings } from './export/options.ts'
import { type Collector, type Fault, startCollector } from './testing/collector.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function collector(fault: Fault): Promise<Collector> {
  const started = await startCollector(() => fault)
  closing.push(() => started.close())
  return started
}

async function runAgent(
  code: string,
  env: Record<string, string>,
): Promise<{ code: number | null; stderr: string; stdout: string }> {
  const index = JSON.stringify(join(import.meta.dirname, 'index.ts'))
  const child = spawn(process.execPath, ['--input-type=module', '-e', `const sdk = await import(${index})\n${code}`], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...env },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { code: exitCode, stdout, stderr }
}

const work = "sdk.agent({ name: 'span-a' }, () => console.log('done'))"

describe('a process', () => {
  test('that ends by itself sends what waits before', async () => {
    const sink = await collector({ kind: 'ok' })
    const ended = await runAgent(`sdk.startAssay({ service: 'x' }); ${work}`, {
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      ASSAY_KEY: 'assay_k',
    })
    expect(ended).toEqual({ code: 0, stdout: 'done\n', stderr: '' })
    expect(sink.delivered).toContain('span-a')
    expect(sink.requests[0]?.headers.authorization).toBe('Bearer assay_k')
  })

  test('is not held for longer than it was told to by a collector that hangs', async () => {
    const sink = await collector({ kind: 'hang' })
    const ended = await runAgent(`sdk.startAssay({ flushTimeoutMs: 300 }); ${work}`, {
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    })
    expect(ended).toMatchObject({ code: 0, stdout: 'done\n', stderr: 'assay: 1 spans were not sent before the end\n' })
  })

  test.each([
    ['nobody listens', () => deadUrl()],
    ['the address is none', async () => 'nonsense'],
  ])('goes on when %s, and says so in two lines at most', async (_, url) => {
    const ended = await runAgent(`sdk.startAssay({ flushTimeoutMs: 100 }); ${work}`, {
      OTEL_EXPORTER_OTLP_ENDPOINT: await url(),
    })
    expect(ended).toMatchObject({ code: 0, stdout: 'done\n' })
    expect(ended.stderr).toMatch(/^assay: .*\n(assay: .*\n)?$/)
  })

  test('that has OpenTelemetry already is told what to do instead', async () => {
    const ended = await runAgent('sdk.startAssay(); sdk.startAssay()', {})
    expect(ended.stderr).toContain('add an AssaySpanProcessor to its provider')
  })
})

async function deadUrl(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
}

describe('where spans go', () => {
  test.each([
    [{}, {}, 'http://127.0.0.1:4318/v1/traces'],
    [
      { url: 'https://assay.example' },
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://other' },
      'https://assay.example/v1/traces',
    ],
    [{ url: 'https://assay.example/v1/traces' }, {}, 'https://assay.example/v1/traces'],
    [{ url: 'https://assay.example/otlp/' }, {}, 'https://assay.example/otlp/v1/traces'],
    [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:4318/' }, 'http://a:4318/v1/traces'],
    [{}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://a/t', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://b' }, 'http://a/t'],
  ])('%j and %j: %s', (options, environment, url) => {
    expect(exportSettings(options, environment).url).toBe(url)
  })
})
