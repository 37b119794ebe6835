/** `assay run` with limits, judges and stored traces: real processes, a judge's protocol, a store. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { Span } from '../../engine/model/span.ts'
import { spanToJson } from '../../engine/model/span-json.ts'
import { openTraces } from '../../storage/traces/open.ts'
import { type OpenAiServer, startOpenAiServer } from '../../test/support/openai-server.ts'
import { loadEvals } from '../load-evals.ts'

const main = join(import.meta.dirname, '..', 'main.ts')
const t0Us = Date.UTC(2026, 5, 1, 12) * 1000
const hex = (digits: number, value: number): string => value.toString(16).padStart(digits, '0')
const EVALS = `package support
import pii from "assay:pii"
online eval fast { on: trace  score: duration  pass: score <= 5s }
online eval no_mail {
  on:      llm_call
  pass:    not (output.text matches any [pii.email])
  missing: unknown
}
offline eval kind {
  every:   day at 06:00 in "UTC"
  sample:  3 of trace over 24h
  judge:   "openai/judge"
  show:    output.text
  scale:   1 to 5
  rubric:  """
    5  Kind.
    1  Rude.
    """
  pass:    score >= 4
  missing: unknown
}
`
let folder: string
let judge: OpenAiServer

/** Ten traces, of which one is slow; the answer of two holds a mask. */
function spansOf(trace: number): Span[] {
  const at = { traceId: hex(32, trace + 1), startTimeUs: t0Us }
  const outputText = trace < 2 ? 'write to *********** today' : 'Gladly.'
  return [
    makeSpan({ ...at, spanId: hex(16, 1), kind: 'agent', durationNs: trace === 5 ? 9e9 : 1e9, outputText }),
    makeSpan({ ...at, spanId: hex(16, 2), parentSpanId: hex(16, 1), kind: 'llm', outputText }),
  ]
}

/** Without holding this thread, on which the judge answers. */
function assay(
  args: string[],
  more: Record<string, string> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const quiet = { ASSAY_URL: '', ASSAY_DATA: '', OPENAI_API_KEY: '', OPENAI_BASE_URL: '', ASSAY_OPENAI_BASE_URL: '' }
  const child = spawn(process.execPath, [main, 'run', ...args], {
    cwd: folder,
    env: { ...process.env, ...quiet, ...more },
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-run-'))
  writeFileSync(join(folder, 'support.eval'), EVALS)
  const spans = Array.from({ length: 10 }, (_, trace) => spansOf(trace)).flat()
  writeFileSync(join(folder, 'traces.jsonl'), spans.map((span) => JSON.stringify(spanToJson(span))).join('\n'))
  const mail = loadEvals([join(folder, 'support.eval')]).plan!.evals.find(({ name }) => name === 'no_mail')!
  const store = await openTraces({ dataDir: join(folder, 'data'), nowMs: () => t0Us / 1000 + 60_000 })
  await store.migrate()
  await store.insertSpans(spans, 'spans')
  const { id, measureHash, verdictHash } = mail
  const failed = { evalId: id, measureHash, verdictHash, subjectKind: 'llm_call', verdict: 'fail' } as const
  await store.insertResults(
    [makeResult({ ...failed, traceId: hex(32, 1), spanId: hex(16, 2), subjectTimeUs: t0Us })],
    'r',
  )
  await store.close()
  judge = await startOpenAiServer({
    answer: (_, index) => ({
      kind: 'content',
      content: JSON.stringify({ evidence: [], reasoning: 'Warm words.', abstain: false, score: index === 0 ? 2 : 5 }),
    }),
  })
}, 60_000)
afterAll(async () => {
  await judge.close()
  rmSync(folder, { recursive: true, force: true })
})

const onFile = ['support.eval', '--on', 'traces.jsonl']
const onStored = [
  'support.eval',
  '--data',
  'data',
  '--since',
  '2026-06-01T00:00:00Z',
  '--until',
  '2026-06-02T00:00:00Z',
]

describe('--fail-under', () => {
  test('exits with 0 when no limit is missed, although something failed', async () => {
    expect((await assay(onFile)).code).toBe(1)
    const { code, out } = await assay([
      ...onFile,
      '--fail-under',
      'pass_rate=90%',
      '--fail-under',
      'coverage(no_mail)=100%',
    ])
    expect(out).toContain('no limit of --fail-under is missed')
    expect(code).toBe(0)
  })

  test('exits with 1 and says which is missed; a judge that was not asked misses', async () => {
    const { code, out } = await assay([...onFile, '--fail-under', 'pass_rate=95%,pass_rate(kind)=80%'])
    expect(out).toContain(
      '\npass_rate=95%: support/fast has 90.0% (9 of 10 passed)\npass_rate(kind)=80%: support/kind has no verdict at all\n',
    )
    expect(code).toBe(1)
    const asJson = await assay([...onFile, '--json', '--fail-under', 'pass_rate=95%'])
    expect(asJson.err).toContain('pass_rate=95%: support/fast has 90.0%')
    expect(asJson.out).not.toContain('pass_rate')
  })

  test.each([
    ['pass_rate=95', "--fail-under takes 'pass_rate=95%'"],
    ['pass_rate(fats)=95%', 'names fats, and there is no such eval'],
  ])('%s is refused', async (limit, message) => {
    const { code, err } = await assay([...onFile, '--fail-under', limit])
    expect(err).toContain(message)
    expect(code).toBe(2)
  })
})

describe('--judge', () => {
  test('asks the judges of offline evals about a sample', async () => {
    const asked = judge.requests.length
    const { code, out } = await assay([...onFile, '--judge', '--fail-under', 'pass_rate(kind)=50%'], {
      ASSAY_OPENAI_BASE_URL: judge.url,
    })
    expect(judge.requests.length - asked).toBe(3)
    expect(out).toMatch(/support\/kind +2 +1 +0 +0\n/)
    expect(out).toMatch(/fail {4}trace [0-9a-f]{32} {2}score is 2 {2}“Warm words.”/)
    expect(code).toBe(0)
  })

  test('says what was not judged when no judge is configured', async () => {
    const { out } = await assay([...onFile, '--judge'])
    expect(out).toContain('support/kind was not judged: no provider is configured for openai/judge; set OPENAI_API_KEY')
    expect((await assay(onFile)).out).toContain('not run, as they need a judge: support/kind')
  })
})

describe('--since', () => {
  test('evaluates what is stored; masked texts have the stored verdict or none', async () => {
    const { code, out, err } = await assay(onStored)
    expect(err).toBe('')
    expect(out).toContain('10 traces, 20 spans')
    expect(out).toMatch(/support\/no_mail +8 +1 +1 +0\n/)
    expect(out).toMatch(/fail {4}trace 0+1 span 0+2/)
    expect(out).toMatch(/unknown trace 0+2 span 0+2 {2}output.text is cut/)
    expect(out).toContain(
      'from the data folder data\ntexts were stored masked: 1 verdicts taken from the store, 1 unknown\n',
    )
    expect(code).toBe(1)
  })

  test('prints a line for each result, and judges stored traces too', async () => {
    const { out, err, code } = await assay([...onStored, '--json', '--judge', '--fail-under', 'pass_rate(fast)=90%'], {
      ASSAY_OPENAI_BASE_URL: judge.url,
    })
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { eval: string; explanation?: string })
    expect(lines.filter((line) => line.eval === 'support/fast')).toHaveLength(10)
    expect(lines.filter((line) => line.eval === 'support/kind').map(({ explanation }) => explanation)).toEqual(
      Array(3).fill('Warm words.'),
    )
    expect(err).toContain('no limit of --fail-under is missed')
    expect(code).toBe(0)
  })

  test.each([
    [['support.eval', '--since', 'x'], '--since takes a duration'],
    [['support.eval', '--since', '1h', '--on', 'traces.jsonl'], '--on and --since are two sources'],
    [['support.eval', '--since', '1h', '--data', 'nothing'], 'no stored traces in nothing'],
  ])('%j', async (args, message) => {
    const { code, err } = await assay(args)
    expect(err).toContain(message)
    expect(code).toBe(2)
  })
})
