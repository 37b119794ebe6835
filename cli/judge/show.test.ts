/** `assay judge show` as a user runs it. */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { compileProject } from '../../dsl/project.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import { spanToJson } from '../../engine/model/span-json.ts'
import { type Api, startApi } from '../../server/api.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { openGate } from '../../test/support/open-gate.ts'
import { sessionsAt } from '../stored/one-trace.ts'

vi.setConfig({ testTimeout: 60_000 })

const EVALS = `package shop
default missing: unknown
online eval fast { on: trace  score: duration  pass: score <= 5s }
offline eval kind {
  every: day at 06:00 in "UTC"
  sample: 10 of trace over 24h
  judge: "openai/gpt-5-mini" or else "anthropic/claude-haiku-4-5"
  show: output.text
  scale: 1 to 5
  rubric: "5 kind, 1 rude"
  pass: score >= 4
}
offline eval grounded {
  every: day at 06:00 in "UTC"
  sample: 10 of trace over 24h
  metric: faithfulness(answer: output.text, context: retrieval.documents)
  pass: score >= 90%
}
offline eval polite_calls {
  every: day at 06:00 in "UTC"
  sample: 10 of llm_call over 24h
  judge: "openai/gpt-5-mini"
  show: output.text
  scale: 1 to 5
  rubric: "5 polite, 1 rude"
  pass: score >= 4
}
offline eval ended_well {
  every: day at 06:00 in "UTC"
  sample: 10 of session over 24h
  judge: "openai/gpt-5-mini"
  show: trace.output.text
  scale: 1 to 5
  rubric: "5 solved, 1 not"
  pass: score >= 4
}
offline eval all_grounded {
  every: day at 06:00 in "UTC"
  sample: 10 of session over 24h
  judge: "openai/gpt-5-mini"
  metric: faithfulness(answer: output.text, context: retrieval.documents)
  pass: score >= 90%
}
offline eval overlap {
  every: day at 06:00 in "UTC"
  sample: 10 of trace over 24h
  metric: token_f1(answer: output.text, reference: input.text)
  pass: score >= 50%
}
`
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const [SECOND, ALONE, MANY] = ['1'.repeat(32), '2'.repeat(32), '3'.repeat(32)]
const at = { traceId: TRACE, startTimeUs: 1e15, durationNs: 1e9, sessionId: 'talk' }
/** An hour later in the same session. */
const later = { ...at, traceId: SECOND, startTimeUs: 1e15 + 3.6e9 }
const spans = [
  makeSpan({ ...at, spanId: '00000000000000aa', kind: 'agent', outputText: 'It left.\n\u001b[2J<|im_start|>' }),
  makeSpan({
    ...at,
    spanId: '00000000000000bb',
    parentSpanId: '00000000000000aa',
    kind: 'retriever',
    documents: [{ id: 'kb', text: 'Parcels leave daily.', score: 1 }],
  }),
  makeSpan({ ...later, spanId: '00000000000000cc', kind: 'agent', outputText: 'It arrives on Friday.' }),
  makeSpan({
    ...later,
    spanId: '00000000000000dd',
    parentSpanId: '00000000000000cc',
    kind: 'retriever',
    documents: [{ id: 'kb', text: 'Parcels need four days.', score: 1 }],
  }),
  makeSpan({
    ...at,
    traceId: ALONE,
    spanId: '00000000000000ee',
    kind: 'agent',
    sessionId: undefined,
    outputText: 'Hi.',
  }),
  // More calls than are shown at once.
  ...Array.from({ length: 102 }, (_, i) =>
    makeSpan({
      ...at,
      traceId: MANY,
      spanId: callId(i),
      startTimeUs: 1e15 + i,
      kind: 'llm',
      sessionId: undefined,
      outputText: `call ${i}`,
    }),
  ),
]
function callId(i: number): string {
  return (0xc0 + i).toString(16).padStart(16, '0')
}

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-judge-'))
  writeFileSync(join(folder, 'shop.eval'), EVALS)
  writeFileSync(join(folder, 'spans.jsonl'), spans.map((span) => JSON.stringify(spanToJson(span))).join('\n'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const main = new URL('../main.ts', import.meta.url).pathname
const golden = (name: string): string => join(import.meta.dirname, 'golden', name)
/** The marks of blocks are random. */
const steady = (text: string): string => text.replaceAll(/[0-9a-f]{32}(?= |,|>)/g, (id) => (id in KNOWN ? id : 'MARK'))
const KNOWN: Readonly<Record<string, true>> = { [TRACE]: true, [SECOND]: true }

function show(...args: string[]) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [main, 'judge', 'show', ...args, '--on', 'spans.jsonl'],
    { cwd: folder, encoding: 'utf8' },
  )
  return { stdout, stderr, status }
}

describe('assay judge show', () => {
  test('prints the question of a rubric, with what a terminal would obey made plain', () => {
    const { stdout, status } = show('kind', TRACE)
    expect(status).toBe(0)
    expect(stdout).toContain('asks: openai/gpt-5-mini, else anthropic/claude-haiku-4-5; at temperature 0')
    expect(stdout).toContain(
      '=== the question, judge-2\n--- system\nYou grade a recorded run of an AI agent by a rubric.',
    )
    expect(stdout).toMatch(/<<<DATA [0-9a-f]{32} output\.text>>>\nIt left\.\n\ufffd\[2J‹¦im_start¦›\n<<<END/)
    expect(stdout).not.toContain('\u001b')
  })

  test('prints both questions of a metric, the second with a placeholder', () => {
    const { stdout, status } = show('grounded', TRACE)
    expect(status).toBe(0)
    expect(stdout).toContain('asks: the judge of the configuration; ')
    expect(stdout).toContain('=== question 1 of 2, faithfulness-1\n')
    expect(stdout).toContain('=== question 2 of 2, faithfulness-1; with a placeholder')
    expect(stdout).toContain('document 1>>>\nParcels leave daily.\n')
    expect(stdout).toContain('1. (a claim that the first answer lists)')
  })

  test('to the letter: a metric that asks in steps, of each trace of a session', async () => {
    // Whichever of its traces is named.
    const { stdout, stderr, status } = show('all_grounded', SECOND)
    expect(stderr).toBe('')
    expect(status).toBe(0)
    await expect(steady(stdout)).toMatchFileSnapshot(golden('session-claims.txt'))
  })

  test('to the letter: a rubric on a session', async () => {
    await expect(steady(show('ended_well', TRACE).stdout)).toMatchFileSnapshot(golden('session-rubric.txt'))
    const { traceId, session, traces } = JSON.parse(show('ended_well', SECOND, '--json').stdout)
    expect([traceId, session, traces]).toEqual([TRACE, 'talk', [TRACE, SECOND]])
  })

  test('a span beyond those that are shown at once, by its whole id', () => {
    expect(show('polite_calls', MANY).stdout).toContain('2 more are in scope: --span with a whole id shows one of them')
    const { subjects } = JSON.parse(show('polite_calls', MANY, '--span', callId(101), '--json').stdout)
    expect(subjects.map(({ spanId }: { spanId: string }) => spanId)).toEqual([callId(101)])
    expect(JSON.stringify(subjects)).toContain('call 101')
    const { stderr, status } = show('polite_calls', MANY, '--span', 'f'.repeat(16))
    expect([status, stderr]).toEqual([2, expect.stringContaining(`the id ${'f'.repeat(16)}`)])
  })

  test('for programs: the body of each request', () => {
    const { stdout } = show('shop/kind', TRACE, '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      eval: 'shop/kind',
      traceId: TRACE,
      judges: ['openai/gpt-5-mini'],
      fallbacks: ['anthropic/claude-haiku-4-5'],
      subjects: [
        {
          calls: [
            {
              promptVersion: 'judge-2',
              cut: [],
              request: { model: 'gpt-5-mini', temperature: 0, response_format: { type: 'json_schema' } },
            },
          ],
        },
      ],
    })
  })

  test.each<[string, string[], string]>([
    ['an online eval', ['fast', TRACE], 'shop/fast is an online eval: it asks no judge'],
    ['a metric without a judge', ['overlap', TRACE], 'shop/overlap asks no judge: its metric is worked out'],
    [
      'a trace that is of no session',
      ['ended_well', ALONE],
      `shop/ended_well is of sessions, and trace ${ALONE} names none`,
    ],
    ['nothing in scope', ['polite_calls', TRACE], 'nothing of the trace is in the scope of shop/polite_calls'],
    ['the wrong order', [TRACE, 'kind'], 'the eval comes first, then the trace'],
    ['no trace id', ['kind', 'abc'], '"abc" is not a trace id of 32 hex digits'],
  ])('refuses %s', (_, args, message) => {
    const { stderr, status } = show(...args)
    expect(status).toBe(2)
    expect(stderr).toContain(message)
  })
})

describe('of a running instance', () => {
  let data = ''
  let traces: TracesStore
  let api: Api
  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'assay-judge-store-'))
    traces = await openTraces({ dataDir: data })
    await traces.migrate()
    await traces.insertSpans(spans, 'spans')
    const turns = Array.from({ length: 202 }, (_, i) =>
      makeSpan({ ...at, ...{ traceId: turnId(i), startTimeUs: 1e15 + i, sessionId: 'long', outputText: `turn ${i}` } }),
    )
    await traces.insertSpans(turns, 'turns')
    // What is in force there is not what is at hand.
    const text = EVALS.replace('5 solved, 1 not', '5 in force, 1 not')
    const pack = EVALS.slice(0, EVALS.indexOf('offline eval grounded')).replace('package shop', 'package rag')
    const files = [
      { path: 'shop.eval', text },
      { path: 'assay:rag/kind.eval', text: pack },
    ]
    const { plan } = compileProject({ files, readImport: () => null })
    api = await startApi({
      gate: openGate,
      ...{ host: '127.0.0.1', port: 0, traces, nowMs: Date.now },
      status: async () => ({ status: 'ok', components: [] }),
      definitions: { current: () => ({ plan: plan!, loadedAtMs: 0, diagnostics: [] }) },
      judges: { defaultJudge: { models: ['google/gemini'], fallbacks: [], take: null }, providers: [] },
    })
  }, 60_000)
  afterAll(async () => {
    await api.drain()
    await traces.close()
    rmSync(data, { recursive: true })
  })

  const turnId = (i: number): string => (0xabc000 + i).toString(16).padStart(32, '0')

  async function showAt(...args: string[]): Promise<string> {
    const server = `http://127.0.0.1:${api.port}`
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [main, 'judge', 'show', ...args, '--server', server],
      { cwd: folder, encoding: 'utf8' },
    )
    return stdout.replaceAll(server, 'SERVER')
  }

  test('by its definitions, its configuration and its traces', async () => {
    const rubric = await showAt('ended_well', SECOND)
    expect(rubric).toContain('by the definitions in force at SERVER\n')
    expect(rubric).toContain('5 in force, 1 not')
    expect(rubric).toContain('It arrives on Friday.')
    expect(await showAt('grounded', TRACE)).toContain('asks: google/gemini; ')
  })

  test('a name that two evals in force have is asked about, as by assay offline', async () => {
    await expect(showAt('kind', TRACE)).rejects.toMatchObject({
      code: 2,
      stderr: 'assay judge show: which kind: rag/kind or shop/kind?\n',
    })
    expect(await showAt('rag/kind', TRACE)).toContain('rag/kind')
    await expect(showAt('knd', TRACE)).rejects.toMatchObject({
      stderr: expect.stringMatching(/there is no eval knd in force at http:\S+, did you mean/),
    })
  })

  test('by the definitions that are named, of its session', async () => {
    const stdout = await showAt('ended_well', SECOND, '--evals', 'shop.eval')
    expect(steady(stdout)).toBe(readFileSync(golden('session-rubric.txt'), 'utf8'))
  })

  test('of a session with more traces than a run looks at the first ones are among those that are found', async () => {
    const window = { fromUs: 1e15, toUs: 1e15 + 1_000 }
    const found = await sessionsAt(`http://127.0.0.1:${api.port}`).idsOf('long', window)
    expect([...found].sort()).toEqual(Array.from({ length: 202 }, (_, i) => turnId(i)))
  })
})
