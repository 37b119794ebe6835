/** `assay run` and `assay test` as a user starts them: real processes, real files, exit codes. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { Span } from '../../engine/model/span.ts'
import { spanToJson } from '../../engine/model/span-json.ts'

const EVALS = `package support
import pii from "assay:pii"
online eval fast { on: trace  score: duration  pass: score <= 5s }
online eval no_mail {
  on:      llm_call
  pass:    not (output.text matches any [pii.email])
  missing: unknown
}
online eval tried { on: trace where agent.name == "nobody"  pass: duration <= 1s  mode: shadow }
offline eval kind {
  every: day at 06:00 in "UTC"
  sample: 10 of trace over 24h
  judge: "openai/gpt-5-mini"
  show: input.text, output.text
  scale: 1 to 5
  rubric: """
  5 kind
  1 rude
  """
  pass: score >= 4
  missing: unknown
}
test "kind" {
  given trace { output.text: "Gladly." }
  given kind judge returns 5
  expect kind: pass
}
`
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const line = (more: Partial<Span>) =>
  JSON.stringify(spanToJson(makeSpan({ traceId: TRACE, name: 'x', durationNs: 1e9, ...more })))
const root = line({ spanId: '00000000000000aa', kind: 'agent' })
const llm = (outputText?: string) =>
  line({
    spanId: '00000000000000bb',
    parentSpanId: '00000000000000aa',
    kind: 'llm',
    ...(outputText !== undefined && { outputText }),
  })

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-cli-'))
  writeFileSync(join(folder, 'support.eval'), EVALS)
  writeFileSync(join(folder, 'broken.txt'), EVALS.replace('score <= 5s', 'score <= "5s"'))
  writeFileSync(join(folder, 'failing.txt'), EVALS.replace('expect kind: pass', 'expect kind: fail'))
  writeFileSync(join(folder, 'clean.jsonl'), `${root}\n${llm('Gladly.')}\n${llm('Gladly.')}\n`)
  writeFileSync(join(folder, 'leak.jsonl'), `${root}\n${llm('Ask jo@acme.com.')}\n`)
  writeFileSync(join(folder, 'bare.jsonl'), `${root}\n${llm()}\n`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function assay(...args: string[]) {
  const main = join(import.meta.dirname, '../main.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('assay run', () => {
  test('shows counts, and says which evals were not run or matched nothing', () => {
    const { status, stdout, stderr } = assay('run', 'support.eval', '--on', 'clean.jsonl')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('1 trace, 2 spans')
    expect(stdout).toMatch(/support\/fast +1 +0 +0 +0\n/)
    expect(stdout).toMatch(/support\/no_mail +1 +0 +0 +0\n/)
    expect(stdout).toMatch(/support\/tried .*nothing in scope: 1 left out, 1 of them for want of a field/)
    expect(stdout).toContain('not run, as they need a judge: support/kind')
  })

  test('a failure exits with 1 and shows masked evidence', () => {
    const { status, stdout } = assay('run', 'support.eval', '--on', 'leak.jsonl')
    expect(status).toBe(1)
    expect(stdout).toContain('pii.email matches output.text at 4–15')
    expect(stdout).not.toContain('jo@acme.com')
  })

  test('--json is one result a line, absent fields left out', () => {
    const { status, stdout } = assay('run', 'support.eval', '--on', 'leak.jsonl', '--json')
    expect(status).toBe(1)
    expect(
      stdout
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text) as unknown),
    ).toEqual([
      {
        eval: 'support/no_mail',
        traceId: TRACE,
        spanId: '00000000000000bb',
        verdict: 'fail',
        evidence: [{ field: 'output.text', start: 4, end: 15, pattern: 'pii.email', masked: 'j***@a***.com' }],
      },
      { eval: 'support/fast', traceId: TRACE, verdict: 'pass', score: 1000 },
    ])
  })

  test('what is unknown fails nothing, and says why', () => {
    const { status, stdout } = assay('run', 'support.eval', '--on', 'bare.jsonl', '--json')
    expect(status).toBe(0)
    expect(stdout).toContain('"verdict":"unknown","reason":{"code":"not_captured","field":"output.text"}')
  })

  test.each<[string, string[], number, string]>([
    [
      'no such traces',
      ['run', 'support.eval', '--on', 'gone.jsonl'],
      2,
      'cannot read gone.jsonl: there is no such file',
    ],
    ['no traces at all', ['run', 'support.eval'], 2, 'on which traces?'],
    [
      'traces that are none',
      ['run', 'support.eval', '--on', 'support.eval'],
      2,
      'cannot take traces from support.eval',
    ],
    ['a folder of traces', ['run', 'support.eval', '--on', '.'], 2, 'it is a folder'],
    ['evals that do not check', ['run', 'broken.txt', '--on', 'clean.jsonl'], 1, 'broken.txt:3'],
  ])('%s', (_, args, status, message) => {
    const outcome = assay(...args)
    expect(outcome.status).toBe(status)
    expect(outcome.stderr).toContain(message)
    expect(outcome.stderr).not.toMatch(/\n {4}at /)
    expect(outcome.stdout).toBe('')
  })
})

describe('assay test', () => {
  test('passes', () => {
    expect(assay('test')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^1 test in 1 file: all passed \(\d+ ms\)\n$/),
    })
  })

  test('a failure shows place, expected, actual and why', () => {
    const { status, stdout } = assay('test', 'failing.txt')
    expect(status).toBe(1)
    expect(stdout).toMatch(
      /FAIL {2}kind {2}failing\.txt:23\n {2}failing\.txt:26 {2}support\/kind\n {4}expected {2}fail\n {4}got {7}pass\n {4}why {7}score is 5\n/,
    )
    expect(stdout).toContain('1 test in 1 file: 0 passed, 1 failed')
  })

  test('--json', () => {
    const { status, stdout } = assay('test', '--json', 'failing.txt')
    expect(status).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      tests: [
        {
          name: 'kind',
          file: 'failing.txt',
          line: 23,
          ok: false,
          expectations: [{ target: 'support/kind', expected: 'fail', actual: 'pass', score: 5 }],
        },
      ],
      summary: { tests: 1, passed: 0, failed: 1 },
    })
  })

  test.each<[string, string[], number, string]>([
    ['a file that does not check', ['test', 'broken.txt'], 1, 'broken.txt:3'],
    ['a file that is not there', ['test', 'gone.eval'], 2, 'gone.eval'],
    ['an unknown option', ['test', '--nope'], 2, '--nope'],
  ])('%s', (_, args, status, message) => {
    const outcome = assay(...args)
    expect(outcome).toMatchObject({ status, stdout: '' })
    expect(outcome.stderr).toContain(message)
  })
})
