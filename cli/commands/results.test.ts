/** `assay results` as a process, against the real API on a real store. */

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EvalPlan, PLAN_VERSION, type Plan } from '../../dsl/plan.ts'
import { makeResult } from '../../engine/model/make-result.ts'
import { type Api, startApi } from '../../server/api.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { openGate } from '../../test/support/open-gate.ts'

const main = join(import.meta.dirname, '..', 'main.ts')
const nowMs = Date.parse('2026-11-21T12:00:00Z')
const measured: EvalPlan = {
  kind: 'online',
  id: 'shop/quick',
  name: 'quick',
  package: 'shop',
  title: null,
  owner: null,
  mode: 'live',
  was: [],
  measureHash: 'aa'.repeat(16),
  verdictHash: 'bb'.repeat(16),
  file: 'shop.eval',
  line: 1,
  pass: { op: 'literal', type: { kind: 'bool' }, value: true },
  missing: null,
  scope: { subject: 'llm_call', where: null, traceWhere: null },
  when: 'arrival',
  score: { op: 'field', path: 'duration', type: { kind: 'duration' } },
  redact: null,
}
const plan: Plan = {
  version: PLAN_VERSION,
  patterns: [],
  evals: [measured],
  alerts: [],
  scorecards: [],
  tests: [],
  files: [],
  hash: '',
}

let folder: string
let traces: TracesStore
let api: Api

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-results-'))
  traces = await openTraces({ dataDir: folder })
  await traces.migrate()
  const span = { traceId: 'ab'.repeat(16), spanId: '00000000000000a2', subjectKind: 'llm_call' } as const
  await traces.insertResults(
    [
      makeResult({
        ...span,
        evalId: 'shop/no_pii',
        verdict: 'fail',
        agentName: 'support',
        evaluatedAtMs: nowMs,
        evidence: [{ field: 'output.text', start: 9, end: 26, pattern: 'pii.email', masked: 'a***@e***.com' }],
      }),
      makeResult({
        ...span,
        evalId: 'shop/no_pii',
        traceId: 'cd'.repeat(16),
        verdict: 'unknown',
        reason: { code: 'not_captured', field: 'output.text' },
        evaluatedAtMs: nowMs - 1_000,
      }),
      makeResult({
        ...span,
        evalId: 'shop/quick',
        measureHash: 'aa'.repeat(16),
        score: 1234.567,
        evaluatedAtMs: nowMs - 1_800_000,
      }),
      makeResult({
        evalId: 'shop/helpful',
        traceId: 'ab'.repeat(16),
        score: 4,
        explanation: 'Solved.\u001b[2J',
        evaluatedAtMs: nowMs - 3_600_000,
      }),
    ],
    'results',
  )
  api = await startApi({
    gate: openGate,
    host: '127.0.0.1',
    port: 0,
    traces,
    status: async () => ({ status: 'ok', components: [] }),
    definitions: { current: () => ({ plan, loadedAtMs: 0, diagnostics: [] }) },
    nowMs: () => nowMs,
  })
}, 30_000)

afterAll(async () => {
  await api.drain()
  await traces.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

function assay(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const options = { env: { ...process.env, ASSAY_URL: `http://127.0.0.1:${api.port}`, ...env } }
  return new Promise((resolve) => {
    execFile(process.execPath, [main, 'results', ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

test('prints a table with masked evidence, reasons and scores, and no control characters', async () => {
  const { code, stdout } = await assay([])
  expect(code).toBe(0)
  const lines = stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(5)
  expect(lines[0]).toMatch(/^TIME \(UTC\) +EVAL +VERDICT +SCORE +AGENT +TRACE +SPAN +DETAILS$/)
  expect(lines[1]).toMatch(
    /^2026-11-21 12:00:00 +shop\/no_pii +fail +support +(ab){16} +00000000 +output\.text: a\*\*\*@e\*\*\*\.com \(pii\.email\)$/,
  )
  expect(lines[2]).toContain('not_captured: output.text')
  expect(lines[3]).toMatch(/shop\/quick +pass +1235 ms +(ab){16}/)
  expect(lines[4]).toMatch(/shop\/helpful +pass +4 .*Solved\.·\[2J$/)
})

test('prints one JSON object a line, filtered', async () => {
  const { code, stdout } = await assay(['--json', '--eval', 'shop/no_pii', '--since', '10m', '--limit', '1'])
  expect(code).toBe(0)
  const lines = stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(1)
  expect(Object.keys(JSON.parse(lines[0]!) as object).slice(0, 4)).toEqual(['eval', 'traceId', 'spanId', 'verdict'])
})

test('shows one trace', async () => {
  const { code, stdout } = await assay(['--trace', 'cd'.repeat(16), '--json'])
  expect(code).toBe(0)
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { eval: string }).eval),
  ).toEqual(['shop/no_pii'])
})

test('takes an address without a scheme as http', async () => {
  expect(await assay(['--server', `127.0.0.1:${api.port}`, '--json', '--limit', '1'])).toMatchObject({ code: 0 })
})

test('an eval of which nothing is known is told from one without results', async () => {
  expect(await assay(['--eval', 'shop/quik'])).toEqual({
    code: 2,
    stdout: '',
    stderr: 'assay results: there is no eval shop/quik in force, nor a result of it, did you mean `shop/quick`?\n',
  })
  expect(await assay(['--eval', 'shop/quick', '--verdict', 'fail'])).toMatchObject({
    code: 0,
    stdout: 'No results match.\n',
  })
})

test('the help names the bound of --limit, and a wrong flag the help of its command', async () => {
  expect((await assay(['--help'])).stdout).toContain('1 to 1000')
  const { code, stderr } = await assay(['--evil', 'x'])
  expect(code).toBe(2)
  expect(stderr).toContain('(assay results --help lists what it takes)')
})

test('an eval may be given by its name alone', async () => {
  const { code, stdout } = await assay(['--eval', 'quick', '--json'])
  expect({ code, evals: stdout.match(/"eval":"[^"]+"/g) }).toEqual({ code: 0, evals: ['"eval":"shop/quick"'] })
})

test('a verdict that there is not is told with those that there are', async () => {
  const { code, stderr } = await assay(['--verdict', 'failed'])
  expect(code).toBe(2)
  expect(stderr).toContain('Allowed choices are pass, fail, unknown, error')
})

test('an eval that is in force and has no such result is not said to be missing, however it is named', async () => {
  expect(await assay(['--eval', 'quick', '--verdict', 'error'])).toMatchObject({
    code: 0,
    stdout: 'No results match.\n',
  })
})

test('says that nothing matches', async () => {
  expect(await assay(['--verdict', 'error'])).toMatchObject({ code: 0, stdout: 'No results match.\n' })
})

test.each([
  ['a wrong filter', ['--trace', 'ab'], /"ab" is not a trace id/],
  ['a name that no eval has', ['--eval', 'quik'], /there is no eval quik in force, did you mean `shop\/quick`\?/],
  ['a wrong limit', ['--limit', 'x'], /--limit expects a number/],
  ['a wrong address', ['--server', 'ftp://localhost'], /not an http or https address/],
  [
    'nothing there',
    ['--server', 'http://127.0.0.1:9'],
    /no Assay answers at http:\/\/127\.0\.0\.1:9; start one with assay up/,
  ],
])('%s is exit code 2 and one plain line', async (_, args, message) => {
  const { code, stdout, stderr } = await assay(args)
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  expect(stderr).toMatch(message)
})

test('something else at that address is told from Assay', async () => {
  const other = createServer((_, response) => response.end('<html>'))
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  const { code, stderr } = await assay(['--server', `http://127.0.0.1:${port}`])
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: `assay results: what answers at http://127.0.0.1:${port} is not Assay; see --server\n`,
  })
  other.close()
})
