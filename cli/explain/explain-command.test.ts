/** `assay explain TRACE EVAL` as a user runs it. */

import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { PLAN_VERSION, type Plan } from '../../dsl/plan.ts'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import { spanToJson } from '../../engine/model/span-json.ts'
import { type Api, startApi } from '../../server/api.ts'
import { openDataFolder } from '../../storage/data-folder.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { openGate } from '../../test/support/open-gate.ts'
import { loadPlan } from '../loaded-plan.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const EVALS = `package shop
online eval fast { on: trace  score: duration  pass: score <= 5s }
online eval short { on: llm_call  pass: length(output.text) <= 30  missing: unknown }
offline eval kind {
  every: day at 06:00 in "UTC"
  sample: 10 of trace over 24h
  judge: "openai/gpt-5-mini"
  show: output.text
  scale: 1 to 5
  rubric: "5 kind, 1 rude"
  pass: score >= 4
  missing: unknown
}
`
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const root = makeSpan({
  traceId: TRACE,
  spanId: '00000000000000aa',
  kind: 'agent',
  name: 'shop',
  startTimeUs: 1e15,
  durationNs: 9e9,
})
const llm = (spanId: string, outputText: string) =>
  makeSpan({
    traceId: TRACE,
    spanId,
    parentSpanId: root.spanId,
    kind: 'llm',
    name: 'chat',
    outputText,
    startTimeUs: 1e15,
  })
const CLEAN_FILE = '.clean/clean.eval'
const CLEAN = `package shop
import pii from "assay:pii"
online eval clean { on: llm_call  pass: not (output.text matches pii.email)  missing: unknown  redact: output.text }
`
const OTHER = '3af7651916cd43dd8448eb211c80319c'
/** Of a trace in which nothing is masked. */
const OPEN_FILE = '.clean/open.eval'
const OPEN = `package open
online eval brief { on: llm_call  pass: length(output.text) <= 30  missing: unknown }
`
const other = makeSpan({
  traceId: OTHER,
  spanId: '00000000000000ee',
  kind: 'llm',
  name: 'chat',
  outputText: 'Gladly.',
  startTimeUs: 1e15,
})
/** As it is stored: what `clean` matched is masked. */
const MASKED = '2af7651916cd43dd8448eb211c80319c'
const masked = makeSpan({
  traceId: MASKED,
  spanId: '00000000000000dd',
  kind: 'llm',
  name: 'chat',
  outputText: 'Ask ***************.',
  startTimeUs: 1e15,
})
const spans = [
  root,
  llm('00000000000000bb', 'Gladly.'),
  llm('00000000000000cc', 'Write to jo.doe@acme.com, or to her colleague.'),
]

let folder = ''
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-explain-'))
  writeFileSync(join(folder, 'shop.eval'), EVALS)
  // Hidden, so that what stands in the folder itself is not more than the shop's.
  mkdirSync(join(folder, '.clean'))
  writeFileSync(join(folder, CLEAN_FILE), CLEAN)
  writeFileSync(join(folder, OPEN_FILE), OPEN)
  writeFileSync(join(folder, 'traces.jsonl'), spans.map((span) => JSON.stringify(spanToJson(span))).join('\n'))
  const opened = openDataFolder(join(folder, '.assay'))
  if (!opened.ok) throw new Error(opened.message)
  const traces = await openTraces({ dataDir: opened.folder.path })
  await traces.migrate()
  await traces.insertSpans([...spans, masked, other], 'spans')
  await traces.insertResults(
    [
      makeResult({ evalId: 'shop/fast', traceId: TRACE, subjectKind: 'trace', verdict: 'pass', score: 9000 }),
      makeResult({
        evalId: 'shop/kind',
        traceId: TRACE,
        subjectKind: 'trace',
        verdict: 'fail',
        score: 2,
        explanation: 'Curt.\u001b[2J',
        judgeModel: 'openai/gpt-5-mini',
        runId: 'shop/kind@1',
      }),
      makeResult({
        evalId: 'shop/clean',
        traceId: MASKED,
        spanId: masked.spanId,
        subjectKind: 'llm_call',
        verdict: 'fail',
        ...hashesIn(CLEAN_FILE),
        evidence: [{ field: 'output.text', start: 4, end: 19, pattern: 'pii.email', masked: 'j***@a***.com' }],
      }),
      makeResult({
        evalId: 'open/brief',
        traceId: OTHER,
        spanId: other.spanId,
        subjectKind: 'llm_call',
        verdict: 'fail',
        ...hashesIn(OPEN_FILE),
      }),
      makeResult({
        evalId: 'pii/no_pii',
        traceId: OTHER,
        spanId: other.spanId,
        subjectKind: 'llm_call',
        verdict: 'fail',
      }),
    ],
    'results',
  )
  await traces.close()
  opened.folder.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Of the one eval of a file, so that its results are of the definitions at hand. */
function hashesIn(file: string): { measureHash: string; verdictHash: string } {
  const loaded = loadPlan([join(folder, file)])
  if (!loaded.ok) throw new Error(`${file} does not load`)
  const { measureHash, verdictHash } = loaded.plan.evals[0]!
  return { measureHash, verdictHash }
}

const main = join(import.meta.dirname, '../main.ts')
function assay(...args: string[]) {
  // Nobody listens at the discard port.
  const env = { ...process.env, ASSAY_URL: '' }
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'explain', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env,
    timeout: 50_000,
  })
  return { status, stdout, stderr }
}

test('without anything, all diagnostics are listed', () => {
  const { status, stdout } = assay()
  expect(status).toBe(0)
  expect(stdout).toMatch(/^E0001 {2}a file or folder cannot be read\n/)
  expect(stdout).toMatch(/^E0207 {2}/m)
})

describe('a trace of a file', () => {
  test('the worst subject comes first, and what is private is masked', () => {
    const { status, stdout, stderr } = assay(TRACE, 'short', '--on', 'traces.jsonl')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(
      /^shop\/short is fail of this llm_call "chat"\npass: {3}length\(output.text\) <= 30 {2}= false\n/,
    )
    expect(stdout).toContain('└ output.text  = "Write to j***@a***.com, or to her colleague."')
    expect(stdout).toContain('span:   00000000000000cc\n\nshop/short is pass')
    expect(stdout).not.toContain('jo.doe')
  })

  test('without an eval it is told what each makes of it', () => {
    const { status, stdout, stderr } = assay(TRACE, '--on', 'traces.jsonl')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toBe(`  shop/fast   fail
  shop/short  fail            1 of 2 spans
  shop/kind   not judged yet

Why: assay explain ${TRACE} shop/fast
`)
    const { evals } = JSON.parse(assay(TRACE, '--on', 'traces.jsonl', '--json').stdout)
    expect(evals).toMatchObject([{ eval: { id: 'shop/fast' } }, { subjects: [{ verdict: 'fail' }, {}] }, {}])
  })

  test('an offline eval that has not judged it yet says when it will, and nothing of judges that fail', () => {
    const { stdout } = assay(TRACE, 'kind', '--on', 'traces.jsonl')
    expect(stdout).toBe(`shop/kind has no verdict on this trace yet
judge:  is asked on schedule, or now: assay offline run shop/kind --now
`)
  })

  test('of a folder that does not check as a whole it is told how to take a part of it', () => {
    mkdirSync(join(folder, 'twice'))
    for (const name of ['a', 'b']) writeFileSync(join(folder, 'twice', `${name}.eval`), EVALS)
    const here = spawnSync(process.execPath, [main, 'explain', TRACE, 'fast', '--on', '../traces.jsonl'], {
      cwd: join(folder, 'twice'),
      encoding: 'utf8',
      timeout: 50_000,
    })
    rmSync(join(folder, 'twice'), { recursive: true })
    expect(here.status).toBe(1)
    expect(here.stderr).toContain('E0119')
    expect(here.stderr).toContain('--evals FOLDER takes those of one folder\n')
  })

  test('--span and --json', () => {
    const { stdout } = assay(TRACE, 'shop/short', '--on', 'traces.jsonl', '--span', '00000000000000b', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      eval: { id: 'shop/short', kind: 'online' },
      subjects: [
        {
          verdict: 'pass',
          stored: null,
          clauses: [{ clause: 'pass', tree: { op: 'compare', value: { value: true } } }],
        },
      ],
    })
  })

  test.each([
    [['nope'], 'there is no diagnostic nope'],
    [['207'], 'there is no diagnostic 207; did you mean E0207?'],
    [[TRACE, '--span', 'bb', '--on', 'traces.jsonl'], '--span is for one eval: name it'],
    [[TRACE, 'short', '--span', 'ff', '--on', 'traces.jsonl'], 'the trace has no llm_call with the id ff; it has 00'],
    [[TRACE, 'short', '--span', '0000', '--on', 'traces.jsonl'], '2 spans begin with 0000: '],
    [[TRACE, 'fats', '--on', 'traces.jsonl'], 'there is no eval fats in the definitions here'],
    [
      [TRACE.replace('0', '1'), 'fast', '--on', 'traces.jsonl'],
      'traces.jsonl has no trace 1af7651916cd43dd8448eb211c80319c',
    ],
    [[TRACE, 'fast', '--on', 'gone.json'], 'cannot read gone.json'],
    [[TRACE, 'fast', '--data', 'gone'], 'there are no stored traces in gone'],
    [[TRACE, 'fast', '--data', 'gone', '--server', 'http://127.0.0.1:9'], '--data and --server name two places'],
    [[TRACE, 'fast', '--server', 'http://127.0.0.1:9'], 'no Assay answers at'],
    [['abc', 'fast'], 'neither a code such as E0207 nor a trace id'],
  ])('%j is refused', (args, message) => {
    const { status, stdout, stderr } = assay(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })
})

describe('a stored trace', () => {
  test('begins with the stored verdict where it is another', () => {
    const { status, stdout, stderr } = assay(TRACE, 'fast', '--data', '.assay')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(
      /^shop\/fast is pass of this trace\nstored: pass, of .*, revision 1\nnow: {4}by what is stored now it would be fail: it was judged by another measure\nscore: {2}/,
    )
  })

  test('begins with the stored verdict where what was matched was masked since', () => {
    const { stdout } = assay(MASKED, 'clean', '--data', '.assay', '--evals', CLEAN_FILE)
    expect(stdout.replace(/of \d{4}-\S+,/, 'of TIME,')).toBe(`shop/clean is fail of this llm_call "chat"
stored: fail, of TIME, revision 1: pii.email matched output.text at 4–19 (j***@a***.com)
now:    by what is stored now it would be pass: the text was masked after it was judged
pass:   not (output.text matches pii.email)  = true
        └ output.text matches pii.email  = false
          └ output.text  = "Ask ***************."
span:   00000000000000dd
`)
    expect(assay(MASKED, '--data', '.assay', '--evals', CLEAN_FILE).stdout).toBe(
      `  shop/clean  fail  by what is stored now it would be pass: the text was masked after it was judged\n\nWhy: assay explain ${MASKED} shop/clean\n`,
    )
  })

  test('tells of no mask where there is none', () => {
    const { stdout } = assay(OTHER, 'brief', '--data', '.assay', '--evals', OPEN_FILE)
    expect(stdout).toContain('open/brief is fail of this llm_call "chat"\n')
    expect(stdout).toContain('it would be pass: the definitions or the data have changed since\n')
  })

  test('begins with what was said of it, by packs and by what is not at hand too', () => {
    const { stdout } = assay(OTHER, '--data', '.assay')
    expect(stdout).toMatch(/^ {2}pii\/no_pii {2}fail /)
    expect(stdout).toContain('\n  shop/fast ')
    expect(stdout).toMatch(
      /\n {2}open\/brief {2}fail +as it is stored: the eval is not among the definitions here \(--evals\)\n\n/,
    )
    expect(stdout).toMatch(/Why: assay explain \w+ pii\/no_pii\n$/)
    const { evals, elsewhere } = JSON.parse(assay(OTHER, '--data', '.assay', '--json').stdout)
    expect(evals[0]).toMatchObject({ eval: { id: 'pii/no_pii' }, subjects: [{ stored: { verdict: 'fail' } }] })
    expect(elsewhere).toMatchObject([{ eval: 'open/brief', verdict: 'fail' }])
  })

  test('a short name is first that of an eval which said something of it', () => {
    const twin = join(folder, '.twin')
    mkdirSync(twin)
    writeFileSync(
      join(twin, 'twin.eval'),
      'package twin\nonline eval no_pii { on: trace  score: duration  pass: score <= 5s }\n',
    )
    const explain = (trace: string) =>
      spawnSync(process.execPath, [main, 'explain', trace, 'no_pii', '--data', '../.assay'], {
        cwd: twin,
        encoding: 'utf8',
        timeout: 50_000,
      }).stdout
    expect(explain(OTHER)).toMatch(/^pii\/no_pii is fail /)
    expect(explain(TRACE)).toMatch(/^twin\/no_pii is fail /)
    rmSync(twin, { recursive: true })
  })

  test('shows what the judge of an offline eval said', () => {
    const { stdout } = assay(TRACE, 'kind', '--data', '.assay')
    expect(stdout).toContain('pass:   score >= 4  = false\n        └ score  = 2\n')
    expect(stdout).toContain('judge:  openai/gpt-5-mini says 2\n        Curt.\uFFFD[2J\n')
  })
})

describe('a trace of a running instance', () => {
  let api: Api
  let traces: TracesStore
  beforeAll(async () => {
    traces = await openTraces({ dataDir: join(folder, '.assay') })
    const plan: Plan = {
      version: PLAN_VERSION,
      patterns: [],
      evals: [],
      alerts: [],
      scorecards: [],
      tests: [],
      files: [],
      hash: '',
    }
    api = await startApi({
      gate: openGate,
      host: '127.0.0.1',
      port: 0,
      traces,
      status: async () => ({ status: 'ok', components: [] }),
      definitions: { current: () => ({ plan, loadedAtMs: 0, diagnostics: [] }) },
      nowMs: () => 0,
    })
  })
  afterAll(async () => {
    await api.drain()
    await traces.close()
  })
  const ask = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const options = { cwd: folder, env: { ...process.env, ASSAY_URL: `http://127.0.0.1:${api.port}` } }
      execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      )
    })

  test('is explained, with what is stored of it', async () => {
    const { code, stdout, stderr } = await ask('explain', TRACE, 'kind', '--json')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      eval: { id: 'shop/kind', kind: 'offline' },
      subjects: [
        {
          verdict: 'fail',
          score: 2,
          differs: false,
          stored: { verdict: 'fail', judge: { model: 'openai/gpt-5-mini' } },
        },
      ],
    })
    expect((await ask('explain', TRACE, 'short')).stdout).toContain('span:   00000000000000cc')
  })

  test('is captured, with what its judge said', async () => {
    const { code, stdout } = await ask('capture', TRACE, '--evals', 'shop.eval')
    expect(code).toBe(0)
    expect(stdout).toContain('llm_call { output.text: "Write to someone@example.com, or to her colleague." }')
    expect(stdout).toContain('given kind judge returns 2\n')
    expect(stdout).toMatch(/expect fast: fail\n {2}expect short: fail\n {2}expect kind: fail\n/)
  })

  test('is captured with made-up data where the store has a mask', async () => {
    const { code, stdout } = await ask('capture', MASKED, '--evals', CLEAN_FILE)
    expect(code).toBe(0)
    expect(stdout).toContain('llm_call { output.text: "Ask someone@example.com." }\n  }\n  expect clean: fail\n')
  })

  test('is not there', async () => {
    const { code, stderr } = await ask('explain', TRACE.replace('0', '1'), 'kind')
    expect(code).toBe(2)
    expect(stderr).toBe('assay explain: there is no trace 1af7651916cd43dd8448eb211c80319c\n')
  })
})
