import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { formatText } from '../../dsl/format/format.ts'
import type { Plan } from '../../dsl/plan.ts'
import { compileProject } from '../../dsl/project.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { Verdict } from '../../engine/model/result.ts'
import type { AttributeValue, Span } from '../../engine/model/span.ts'
import { spanToJson } from '../../engine/model/span-json.ts'
import { captureBlock, captureFileBlock } from '../../engine/testing/capture-block.ts'
import { createRedaction, STAND_INS } from '../../engine/testing/redact-text.ts'
import { runTests } from '../../engine/testing/run-tests.ts'
import { packFolder } from '../pack-folder.ts'
import { loadPii } from '../pii.ts'
import { redactSpans } from './redact-spans.ts'

vi.setConfig({ testTimeout: 120_000 })

const EVALS = `package shop
import pii from "assay:pii"
pattern order = /ORD-[0-9]{6}/
scope prod = trace where env == "prod"
online eval fast { on: prod  score: duration  pass: score <= 5ms }
online eval clean {
  on:      llm_call in prod
  pass:    not (output.text matches any [pii.email, pii.phone, pii.iban, pii.us_ssn, pii.card, pii.ip, pii.api_key, pii.jwt, order])
  missing: unknown
  redact:  output.text
}
online eval ordered { on: trace  pass: before(tool_call where name == "a", tool_call where name == "b") and repeats(tool_call) <= 2  missing: unknown }
online eval tier { on: trace where not fails(clean)  pass: attr("acme.tier", string) == "gold" or attr("acme.n", int) > 2  missing: unknown }
online eval cheap { on: trace  score: sum(llm_call.cost)  pass: score <= 0.5 USD and max(llm_call.tokens.total) < 10  missing: unknown }
online eval found { on: retrieval  pass: query.text contains "x" and count(llm_call where model is missing) < 2  missing: fail }
online eval mine { on: llm_call  pass: trace.agent.name == "shop" and user.id != "u" and (time_to_first_token ?? 0s) < 2s  missing: unknown }
online eval errors { on: span where status == "error"  pass: error is missing }
offline eval kind {
  every: day at 06:00 in "UTC"
  sample: 10 of trace over 24h
  judge: "openai/gpt-5-mini"
  show: input.text, tool_call.name
  scale: 1 to 5
  rubric: "5 kind, 1 rude"
  pass: score >= 4
  missing: unknown
}
`
const PII_PACK = { path: 'assay:pii', text: readFileSync(join(packFolder, 'pii.eval'), 'utf8') }
function compile(text: string): Plan {
  const { plan, diagnostics } = compileProject({
    files: [{ path: 'shop.eval', text }],
    readImport: () => PII_PACK,
    readTraces: (_from, path) => ({ ok: true, path, traceIds: [TRACE] }),
  })
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  expect(errors.map(({ message, line }) => `${line}: ${message}\n${text.split('\n')[line - 1]}`)).toEqual([])
  return plan!
}

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SECRETS = [
  'jo.doe@acme.com',
  '+44 20 7946 0958',
  'GB33BUKB20201555555555',
  '536-90-4399',
  '5555555555554444',
  '81.2.69.142',
  'ghp_abcdefghijklmnopqrstuvwxyz0123456789',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghijklmnop',
  'ORD-123456',
]
const plan = compile(EVALS)
const own = plan.evals.filter(({ file }) => file === 'shop.eval')
const redact = createRedaction(loadPii(), plan)

const anyText = fc.oneof(
  fc.constantFrom('', 'x', 'a "quoted" \\ text\n\t', '{"a": 1}', '# no comment', '/* }'),
  fc.string({ unit: 'binary' }),
  fc
    .tuple(fc.constantFrom('Mail ', 'call: ', ''), fc.constantFrom(...SECRETS), fc.constantFrom('.', ' now', ''))
    .map((parts) => parts.join('')),
  fc.array(fc.constantFrom(...SECRETS), { minLength: 1, maxLength: 3 }).map((parts) => parts.join(', ')),
)
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined })
const attribute: fc.Arbitrary<AttributeValue> = fc.oneof(fc.constantFrom('gold', true, 3, 1.5), anyText)
const anySpan: fc.Arbitrary<Span> = fc
  .record({
    kind: fc.constantFrom('agent' as const, 'llm' as const, 'tool' as const, 'retriever' as const, 'chain' as const),
    spanId: fc.integer({ min: 1, max: 2 ** 31 }).map((n) => n.toString(16).padStart(16, '0')),
    parentSpanId: optional(fc.constant('f'.repeat(16))),
    startTimeUs: fc.integer({ min: 0, max: 5000 }).map((us) => 1e15 + us),
    durationNs: fc.integer({ min: 0, max: 9e6 }),
    status: fc.constantFrom('ok' as const, 'error' as const, 'unset' as const),
    toolName: optional(fc.constantFrom('a', 'b')),
    toolArguments: optional(anyText),
    env: optional(fc.constantFrom('prod', 'test')),
    agentName: optional(fc.constantFrom('shop', 'other')),
    userId: optional(fc.constantFrom('u', 'jo.doe@acme.com')),
    model: optional(anyText),
    inputText: optional(anyText),
    outputText: optional(anyText),
    retrievalQuery: optional(anyText),
    errorMessage: optional(anyText),
    costMicroUsd: optional(fc.nat(1e6)),
    tokensInput: optional(fc.nat(9)),
    tokensOutput: optional(fc.nat(9)),
    tokensTotal: optional(fc.nat(20)),
    timeToFirstTokenMs: optional(fc.double({ min: 0, max: 5000, noNaN: true })),
    tier: optional(attribute),
    n: optional(attribute),
  })
  .map(({ tier, n, ...fields }) => {
    const entries = Object.entries({ 'acme.tier': tier, 'acme.n': n })
    const attributes = new Map(entries.filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined))
    return makeSpan({ ...fields, name: 'step', traceId: TRACE, attributes })
  })
const anyTrace = fc.uniqueArray(anySpan, { minLength: 1, maxLength: 8, selector: (span) => span.spanId })

describe('what is captured', () => {
  const input = (spans: readonly Span[], all: boolean) => ({
    plan,
    evals: own,
    spans,
    redact,
    all,
    judged: new Map([['shop/kind', 4]]),
    stored: new Map<string, Verdict>(),
    name: 'captured',
  })

  test('compiles, is formatted, and passes; and no secret is in it', () => {
    fc.assert(
      fc.property(anyTrace, fc.boolean(), (spans, all) => {
        const block = captureBlock(input(spans, all))!
        for (const secret of SECRETS) expect(block).not.toContain(secret)
        const formatted = formatText(block)
        if (formatted.kind === 'refused') throw new Error(`${formatted.diagnostics[0]?.message}\n${block}`)
        expect(formatText(formatted.text)).toEqual(formatted)
        const report = runTests(compile(`${EVALS}\n${formatted.text}`))
        const failures = report.tests.flatMap((one) => one.expectations.filter(({ ok }) => !ok))
        expect(failures.map(({ target, expected, actual }) => ({ target, expected, actual, block }))).toEqual([])
        expect(report.passed).toBe(1)
      }),
      { numRuns: 150 },
    )
  })

  test('says what production said, where that is another verdict', () => {
    const spans = [makeSpan({ traceId: TRACE, kind: 'llm', name: 'chat', env: 'prod', outputText: 'Ask ****.' })]
    const stored = new Map<string, Verdict>([['shop/clean', 'fail']])
    const block = captureBlock({ ...input(spans, false), stored })
    expect(block).toContain('expect clean: pass  # fail in production, by texts that are masked or cut since\n')
  })

  test('as a file as well', () => {
    fc.assert(
      fc.property(anyTrace, (spans) => {
        const file = redactSpans(spans, redact)
        for (const secret of SECRETS) expect(file.json).not.toContain(secret)
        const block = captureFileBlock(input(spans, false), 'trace.json', file.spans)!
        const report = runTests(compile(`${EVALS}\n${block}`), { traceOf: () => file.spans })
        expect(report.tests.flatMap((one) => one.expectations.filter(({ ok }) => !ok))).toEqual([])
      }),
      { numRuns: 50 },
    )
  })
})

test('what stands in for personal data is found as such, and stays', () => {
  const { patterns, group } = loadPii()
  for (const [kind, text] of Object.entries(STAND_INS)) {
    expect(patterns.find(group, text).map(({ pattern }) => pattern)).toEqual([`pii.${kind}`])
    expect(redact(`See ${text}.`)).toBe(`See ${text}.`)
  }
  expect(redact('jo@acme.com or 5555 5555 5555 4444, ORD-654321')).toBe(
    'someone@example.com or 4111 1111 1111 1111, **********',
  )
})

describe('assay capture', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'assay-capture-'))
    writeFileSync(join(folder, 'shop.eval'), EVALS)
    const shared = { traceId: TRACE, env: 'prod', startTimeUs: 1e15 }
    const spans = [
      makeSpan({ ...shared, spanId: '00000000000000aa', kind: 'agent', name: 'shop', durationNs: 9e9 }),
      makeSpan({
        ...shared,
        spanId: '00000000000000bb',
        parentSpanId: '00000000000000aa',
        kind: 'llm',
        outputText: 'Ask jo@acme.com.',
      }),
    ]
    writeFileSync(join(folder, 'traces.jsonl'), spans.map((span) => JSON.stringify(spanToJson(span))).join('\n'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const main = join(import.meta.dirname, '../main.ts')
  const assay = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8' })
    return { status, stdout, stderr }
  }

  test('prints a test that can be appended to the file of its eval', () => {
    const { status, stdout, stderr } = assay(
      'capture',
      TRACE,
      '--on',
      'traces.jsonl',
      '--evals',
      'shop.eval',
      '--eval',
      'clean',
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toBe(`test "captured ${TRACE}" {
  given trace {
    env: "prod"
    llm_call { output.text: "Ask someone@example.com." }
  }
  expect clean: fail
}
`)
    writeFileSync(join(folder, 'with-test.eval'), `${EVALS}\n${stdout}`)
    expect(assay('test', 'with-test.eval').stdout).toMatch(/^1 test in 1 file: all passed/)
  })

  test('appends to a file in the one style, under a name that no other test has', () => {
    const formatted = formatText(EVALS)
    writeFileSync(join(folder, 'own.eval'), formatted.kind === 'formatted' ? formatted.text : '')
    const args = ['capture', TRACE, '--on', 'traces.jsonl', '--evals', 'own.eval', '--eval', 'clean']
    for (const _ of [1, 2, 3]) {
      const fd = openSync(join(folder, 'own.eval'), 'a')
      spawnSync(process.execPath, [main, ...args], { cwd: folder, stdio: ['ignore', fd, 'inherit'] })
      closeSync(fd)
    }
    const text = readFileSync(join(folder, 'own.eval'), 'utf8')
    expect(text.match(/^test ".*"/gm)).toEqual(['', ' (2)', ' (3)'].map((end) => `test "captured ${TRACE}${end}"`))
    expect(assay('fmt', '--check', 'own.eval').status).toBe(0)
    expect(assay('test', 'own.eval').stdout).toMatch(/^3 tests in 1 file: all passed/)
  })

  test('writes a file of the spans, and none over another', () => {
    const args = [
      'capture',
      TRACE,
      '--on',
      'traces.jsonl',
      '--evals',
      'shop.eval',
      '--eval',
      'clean',
      '--file',
      'slow.json',
    ]
    expect(assay(...args).stdout).toContain('given file "slow.json"')
    expect(readFileSync(join(folder, 'slow.json'), 'utf8')).not.toContain('jo@')
    expect(assay(...args)).toMatchObject({ status: 2, stderr: expect.stringContaining('is there already') })
  })

  test('says which evals have nothing to say', () => {
    const outcome = assay('capture', TRACE, '--on', 'traces.jsonl', '--evals', 'shop.eval', '--eval', 'found')
    expect(outcome).toMatchObject({ status: 2, stdout: '' })
    expect(outcome.stderr).toBe('assay capture: found says nothing of the trace\n')
  })
})
