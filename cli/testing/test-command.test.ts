/** `assay test` with its options, as a user starts it. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeSpan } from '../../engine/model/make-span.ts'
import { spanToJson } from '../../engine/model/span-json.ts'

vi.setConfig({ testTimeout: 60_000 })

const EVALS = `package shop
online eval fast { on: trace  score: duration  pass: score <= 5s }
online eval polite {
  on:      llm_call
  pass:    output.text contains "please"
  missing: unknown
}
online eval untested { on: trace  pass: duration < 1h }
alert slow {
  on:       fast
  when:     count(fail) >= 1 over 10m
  severity: ticket
}
test "recorded" {
  given file "traces/two.jsonl" trace "${'b'.repeat(32)}"
  expect fast: fail
}
test "polite & <kind> \u0007\\t" {
  given trace { llm_call { output.text: "Yes, please." } }
  expect polite: pass
  expect fast: pass
}
`
const FAILING = `${EVALS}test "wrong" {
  given trace { llm_call { output.text: "No\u0007. \\"<b>\\"" } }
  expect polite: pass
}
test "sketch" {
  given like "wrong"
  expect polite: pass
  expect todo "ask legal"
}
test "open" {
  given like "wrong"
  expect polite: todo
}
`
const KIN = `package shop
offline eval kind {
  every:   hour in "UTC"
  sample:  5 of trace over 1h
  judge:   "openai/gpt-5-mini"
  show:    output.text
  scale:   1 to 5
  rubric:  "5 is kind, 1 is rude"
  pass:    score >= 4
  missing: unknown
}
test "kind" {
  given trace {
    output.text: "Gladly."
    llm_call { model: "gpt-5" }
  }
  given kind judge returns 5
  expect kind: pass
}
`

let folder = ''
const span = (traceId: string, durationNs: number): string =>
  JSON.stringify(spanToJson(makeSpan({ traceId, spanId: 'a'.repeat(16), kind: 'agent', name: 'x', durationNs })))

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-tests-'))
  mkdirSync(join(folder, 'good', 'traces'), { recursive: true })
  mkdirSync(join(folder, 'bad', 'traces'), { recursive: true })
  for (const name of ['good', 'bad']) {
    const traces = `${span('a'.repeat(32), 1e9)}\n${span('b'.repeat(32), 9e9)}\n`
    writeFileSync(join(folder, name, 'traces', 'two.jsonl'), traces)
  }
  writeFileSync(join(folder, 'good', 'shop.eval'), EVALS)
  writeFileSync(join(folder, 'bad', 'shop.eval'), FAILING)
  writeFileSync(join(folder, 'which.eval'), EVALS.replace('traces/two', 'good/traces/two').replace(/ trace "b+"/, ''))
  writeFileSync(join(folder, 'kin.eval'), KIN)
  writeFileSync(join(folder, 'none.eval'), EVALS.replace('traces/two.jsonl', 'which.eval'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const main = join(import.meta.dirname, '../main.ts')
function assay(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'test', ...args], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

describe('files of traces', () => {
  test('a test takes the trace that it names', () => {
    expect(assay('good')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^2 tests in 1 file: all passed/) })
  })

  test.each([
    ['which.eval', 'E0420', 'this file holds 2 traces'],
    ['none.eval', 'E0419', 'its name ends in none of .json'],
  ])('%s is refused with %s', (file, code, message) => {
    const { status, stderr } = assay(file)
    expect(status).toBe(1)
    expect(stderr).toContain(code)
    expect(stderr).toContain(message)
  })
})

describe('what is printed', () => {
  test('that a judge is of the family of what a test gives it, beside what came out', () => {
    const { status, stdout, stderr } = assay('kin.eval')
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^1 test in 1 file: all passed/),
    })
    expect(stderr).toMatch(
      /^warning\[W0430\]: "openai\/gpt-5-mini" is of the family of what it judges: the GPT models\n/,
    )
    expect(stderr).toContain('judges "gpt-5", by the trace of this test')
  })

  test('a failure with its tree, and what is to do with what comes out now', () => {
    const { status, stdout } = assay('bad')
    expect(status).toBe(1)
    expect(stdout).toMatch(/FAIL {2}wrong {2}bad\/shop\.eval:\d+\n {2}bad\/shop\.eval:\d+ {2}shop\/polite\n/)
    expect(stdout).toContain('    pass:   output.text contains "please"  = false\n')
    expect(stdout).toContain('todo  sketch: ask legal')
    expect(stdout).toMatch(/shop\/polite is fail now, pass expected\n/)
    expect(stdout).toMatch(/todo {2}open .*\n.*shop\/polite is fail now\n/)
    expect(stdout).toMatch(/5 tests in 1 file: 2 passed, 1 failed, 2 to do \(\d+ ms\)\n$/)
  })

  test('--filter and --bail choose what runs', () => {
    expect(assay('bad', '--filter', 'POLITE &').stdout).toMatch(/^1 test in 1 file: all passed/)
    expect(assay('bad', '--bail', '--filter', 'polite').stdout).toMatch(/1 passed, 1 failed, 2 not run/)
    expect(assay('bad', '--filter', 'nothing')).toEqual({
      status: 2,
      stdout: '',
      stderr: 'assay test: no test\'s name, package or evals contain "nothing"\n',
    })
  })

  test('--verbose names what passed', () => {
    expect(assay('good', '--verbose').stdout).toMatch(/^pass {2}recorded {2}good\/shop\.eval:\d+\npass {2}polite/)
    expect(assay('good', '--verbose').stdout).not.toMatch(/(?![\n\t])\p{Cc}/u)
  })

  test('files that do not check are told as JSON too, and a path that is not there is a wrong command line', () => {
    const { status, stdout, stderr } = assay('none.eval', '--json')
    expect(status).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      tests: [],
      errors: [{ code: 'E0419', file: 'none.eval' }],
      summary: { tests: 0, errors: 1 },
    })
    expect(stderr).toMatch(/\nthe definitions do not check: 1 error\n$/)
    expect(assay('nowhere').status).toBe(2)
  })

  test('--coverage, and a gate on it', () => {
    const { status, stdout } = assay('good', '--coverage')
    expect(status).toBe(0)
    expect(stdout).toMatch(/shop\/fast {4,}yes {6}yes {8}-\n/)
    expect(stdout).toMatch(/shop\/polite {2,}yes {7}NO {7}NO\n/)
    expect(stdout).toMatch(/shop\/slow {4,}NO {7}NO\n/)
    expect(stdout).toContain('without a test: shop/untested, shop/slow')
    expect(stdout).toContain('coverage: 33.3% (3 of 9 outcomes are shown by a test)')
    expect(assay('good', '--min-coverage', '34%')).toMatchObject({
      status: 1,
      stderr: 'assay test: coverage is 33.3%, and at least 34% is asked for\n',
    })
    expect(assay('good', '--min-coverage', '33')).toMatchObject({ status: 0 })
    expect(assay('good', '--min-coverage', 'much')).toMatchObject({ status: 2 })
    expect(JSON.parse(assay('good', '--coverage', '--json').stdout)).toMatchObject({
      coverage: { shown: 3, possible: 9, untested: ['shop/untested', 'shop/slow'] },
      summary: { tests: 2, passed: 2, failed: 0, todo: 0, skipped: 0 },
    })
  })

  test('--junit writes what CI systems read', () => {
    const file = join(folder, 'report.xml')
    expect(assay('bad', '--junit', file).status).toBe(1)
    const xml = readFileSync(file, 'utf8')
    expect(xml).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites name="assay test" tests="5" failures="1" skipped="2" errors="0" time="\d+\.\d+">\n<testsuite name="bad\/shop.eval" tests="5" failures="1" skipped="2" errors="0" time="[\d.]+" file="bad\/shop.eval">\n/,
    )
    expect(xml).toContain('name="polite &amp; &lt;kind&gt; \\u{7}&#9;"')
    expect(xml).toContain('<skipped message="to do: ask legal"/>')
    expect(xml).toContain('<failure message="shop/polite: expected pass, got fail" type="expectation">')
    // A bell has no form in XML, and quotes stay inside of attributes.
    expect(xml).toContain('No\uFFFD. \\&quot;&lt;b&gt;\\&quot;')
    expect([...xml].every((char) => char >= ' ' || char === '\n')).toBe(true)
    expect(assay('which.eval', '--junit', file).status).toBe(1)
    expect(readFileSync(file, 'utf8')).toContain('<error message="E0420: this file holds 2 traces')
  })
})

describe('--watch', () => {
  test('runs again when a file or a trace changes, and ends with Ctrl-C', async () => {
    const own = join(folder, 'watched')
    mkdirSync(own)
    writeFileSync(join(own, 'shop.eval'), EVALS.replace('traces/two', 'two'))
    writeFileSync(join(own, 'two.jsonl'), `${span('b'.repeat(32), 9e9)}\n`)
    const child = spawn(process.execPath, [main, 'test', own, '--watch'], { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += String(chunk)
    })
    const said = (pattern: RegExp) => vi.waitFor(() => expect(out).toMatch(pattern), { timeout: 30_000, interval: 50 })
    try {
      await said(/all passed.*\nWatching/)
      out = ''
      writeFileSync(join(own, 'two.jsonl'), `${span('b'.repeat(32), 1e9)}\n`)
      await said(/1 passed, 1 failed.*\nWatching/)
      expect(out).not.toContain('\u001b')
      out = ''
      writeFileSync(join(own, 'shop.eval'), EVALS.replace('traces/two', 'two').replace('fast: fail', 'fast: pass'))
      await said(/all passed.*\nWatching/)
    } finally {
      child.kill('SIGINT')
    }
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0)
  })
})
