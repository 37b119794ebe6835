/** `assay backtest` as a user starts it: real processes on stored traces, of a data folder and of an instance's API. */

import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { Span } from '../../engine/model/span.ts'
import { type Api, startApi } from '../../server/api.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { openGate } from '../../test/support/open-gate.ts'
import { loadEvals } from '../load-evals.ts'
import { openApiSource } from '../stored/api-source.ts'

const golden = join(import.meta.dirname, 'golden')
const main = join(import.meta.dirname, '..', 'main.ts')
const t0Us = Date.UTC(2026, 5, 1, 12) * 1000
const TRACES = 60
const hex = (digits: number, value: number): string => value.toString(16).padStart(digits, '0')
let folder: string
let data: string
let store: TracesStore
let api: Api

/** A root, a model call and a tool call; the model's answers of some hold what was masked when they were stored. */
function spansOf(trace: number): Span[] {
  const traceId = hex(32, (trace + 1) * 7919)
  const at = { traceId, startTimeUs: t0Us + trace * 1e6 }
  const parentSpanId = hex(16, 1)
  const outputText = trace % 10 === 0 ? 'write to *********** today' : 'a **bold** answer'
  return [
    makeSpan({ ...at, spanId: hex(16, 1), kind: 'agent', durationNs: (trace % 12) * 1e9 }),
    makeSpan({ ...at, parentSpanId, spanId: hex(16, 2), kind: 'llm', outputText, tokensOutput: trace * 3 }),
    makeSpan({ ...at, parentSpanId, spanId: hex(16, 3), kind: 'tool', durationNs: 1e9 }),
  ]
}

const env = {
  ...process.env,
  ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', ASSAY_URL: '', ASSAY_DATA: '' },
  ...{ GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b.c', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b.c' },
}
const period = ['--since', '2026-06-01T00:00:00Z', '--until', '2026-06-02T00:00:00Z']

function assay(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [main, 'backtest', ...args], { cwd: folder, env, encoding: 'utf8' })
}

/** Without holding this thread, which answers the API. */
function assayBeside(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [main, 'backtest', ...args], { cwd: folder, env })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-backtest-'))
  data = join(folder, 'data')
  const git = (...args: string[]): void => {
    const { status, stderr } = spawnSync('git', args, { cwd: folder, env, encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  mkdirSync(join(folder, 'evals'))
  cpSync(join(golden, 'before.eval'), join(folder, 'evals', 'shop.eval'))
  git('init', '-q', '-b', 'main')
  git('add', 'evals')
  git('commit', '-qm', 'one')
  const mail = loadEvals([join(folder, 'evals')]).plan!.evals.find(({ name }) => name === 'mail')!
  cpSync(join(golden, 'after.eval'), join(folder, 'evals', 'shop.eval'))

  const storing = await openTraces({ dataDir: data, nowMs: () => Date.UTC(2026, 5, 1, 13) })
  await storing.migrate()
  const traces = Array.from({ length: TRACES }, (_, trace) => spansOf(trace))
  await storing.insertSpans(traces.flat(), 'spans')
  // The verdicts of three of the six masked answers are there.
  const { measureHash, verdictHash } = mail
  const fails = [0, 10, 20].map((trace) =>
    makeResult({
      ...{ evalId: 'shop/mail', measureHash, verdictHash, subjectKind: 'llm_call', verdict: 'fail' },
      ...{ traceId: hex(32, (trace + 1) * 7919), spanId: hex(16, 2), subjectTimeUs: t0Us, evaluatedAtMs: t0Us / 1000 },
    }),
  )
  await storing.insertResults(fails, 'results')
  await storing.close()
}, 60_000)
afterAll(async () => {
  await api?.drain()
  await store?.close()
  rmSync(folder, { recursive: true, force: true })
})

const steady = (text: string): string =>
  text
    .replaceAll(/\b[0-9a-f]{7}\b(?=\\?\))/g, 'COMMIT')
    .replaceAll(/in [\d.]+ s of evaluation: [\d,]+ subjects/g, 'in T s of evaluation: N subjects')
    .replaceAll(/("(?:evaluationMs|subjectsPerSecond)": )\d+/g, '$1"N"')
    .replaceAll(data, 'DATA')

describe('on a data folder', () => {
  test.each([
    ['txt', []],
    ['md', ['--markdown']],
    ['json', ['--json']],
  ])('backtest.%s', async (form, flags) => {
    const { status, stdout, stderr } = assay(
      '--evals',
      'evals',
      '--data',
      data,
      '--against',
      'HEAD',
      ...period,
      ...flags,
    )
    expect(stderr).toBe('')
    expect(status).toBe(0)
    await expect(steady(stdout)).toMatchFileSnapshot(join(golden, `backtest.${form}`))
  })

  test('as JSON, with as many examples as asked for', () => {
    const { status, stdout } = assay(
      '--evals',
      'evals',
      '--data',
      data,
      '--against',
      'HEAD',
      ...period,
      '--json',
      '--examples',
      '1',
    )
    const report = JSON.parse(stdout)
    expect(status).toBe(0)
    expect(report).toMatchObject({
      version: 1,
      traces: TRACES,
      spans: TRACES * 3,
      openTraces: 0,
      notJudged: ['shop/helpful'],
    })
    expect(report.masked).toEqual({ taken: 3, unknown: 3 })
    const fast = report.evals.find(({ id }: { id: string }) => id === 'shop/fast')
    expect(fast).toMatchObject({ standing: 'changed', effects: ['verdicts'], flips: { pass_to_fail: 15 } })
    expect(fast.examples).toHaveLength(1)
  })

  test.each([
    [['--data', 'nowhere'], 'no stored traces in nowhere'],
    [['--data', 'data', '--against', 'live'], 'no Assay runs whose definitions'],
    [['--data', 'data', '--against', 'nope'], 'there is no revision nope'],
    [['--data', 'data', '--since', 'yesterday'], '--since takes a duration'],
    [['--data', 'data', '--since', '1h', '--until', '2h'], 'has to lie before'],
    [['--data', 'data', '--examples', '-1'], '--examples takes a number'],
    [['--data', 'data', '--json', '--markdown'], 'take one'],
    [['--server', 'http://127.0.0.1:9'], 'no Assay answers at http://127.0.0.1:9'],
  ])('%j', (args, message) => {
    const { status, stderr } = assay('--evals', 'evals', ...args)
    expect(stderr).toContain(message)
    expect(status).toBe(2)
  })

  test('stops cleanly when it is interrupted', async () => {
    const args = [main, 'backtest', '--evals', 'evals', '--data', data, '--against', 'HEAD', ...period]
    const child = spawn(process.execPath, args, { cwd: folder, env })
    const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)))
    // The folder's lock is the first thing that is taken; whenever the signal comes, the folder can be opened again.
    child.kill('SIGINT')
    await ended
    expect(assay('--evals', 'evals', '--data', data, '--against', 'HEAD', ...period).status).toBe(0)
  })
})

describe('on a running instance', () => {
  beforeAll(async () => {
    store = await openTraces({ dataDir: data })
    const { plan } = loadEvals([join(golden, 'before.eval')])
    api = await startApi({
      gate: openGate,
      ...{ host: '127.0.0.1', port: 0, traces: store, nowMs: Date.now },
      status: async () => ({ status: 'ok', components: [] }),
      definitions: { current: () => ({ plan: plan!, loadedAtMs: 0, diagnostics: [] }) },
    })
  }, 30_000)

  test('stored verdicts are read with their times, as from the folder', async () => {
    const page = { fromTraceId: '0'.repeat(32), toTraceId: null }
    const read = await openApiSource(`http://127.0.0.1:${api.port}`).results(page, ['shop/mail'])
    expect(read).toHaveLength(3)
    expect(read).toEqual(await store.resultsOfPage('default', page, ['shop/mail']))
    expect(read[0]).toMatchObject({ subjectTimeUs: t0Us, evaluatedAtMs: t0Us / 1000 })
  })

  test('the same comes out, next to the definitions in force', async () => {
    const server = `http://127.0.0.1:${api.port}`
    const { code, out, err } = await assayBeside('--evals', 'evals', '--server', server, ...period)
    expect(err).toBe('')
    expect(code).toBe(0)
    const [head = '', , ...rest] = steady(out).split('\n')
    expect(head).toBe('the definitions in force (COMMIT) → the working tree')
    // Line for line what the folder gave.
    expect(rest).toEqual(readFileSync(join(golden, 'backtest.txt'), 'utf8').split('\n').slice(2))
  })
})
