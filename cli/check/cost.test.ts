/** `assay check --cost` and the limits of an `assay.yaml`, as a user runs them: in a process of its own. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const RULES = `package shop
online eval fast {
  on:   trace
  pass: duration <= 8s
}
online eval few {
  on:   trace
  pass: duration <= 9s
        and count(tool_call) <= 12
}
offline eval helpful {
  every:   hour in "UTC"
  sample:  200 of trace over 1h
  judge:   "openai/gpt-5-mini"
  show:    output.text
  scale:   1 to 5
  rubric:  "5 solved, 1 not"
  pass:    score >= 4
  missing: unknown
}
`
let folder = ''

// Processes share the machine with whatever else runs on it: these tests are about what they say, not how soon.
vi.setConfig({ testTimeout: 60_000 })

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-cost-'))
  mkdirSync(join(folder, '.git'))
  mkdirSync(join(folder, 'evals'))
  writeFileSync(join(folder, 'evals/shop.eval'), RULES)
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

function assay(args: string[], config: string, input = ''): { status: number | null; out: string; err: string } {
  writeFileSync(join(folder, 'assay.yaml'), config)
  const { FORCE_COLOR: _, GITHUB_ACTIONS: __, ...env } = process.env
  const command = [main, 'check', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', cwd: folder, env, input })
  return { status, out: stdout, err: stderr }
}

test('prints every eval and the share of each term', () => {
  expect(assay(['--cost', 'evals'], '')).toEqual({
    status: 0,
    out: `1 file checked: 3 evals, 0 alerts, 0 tests, no problems
ask a judge, and are not run where none is configured: shop/helpful

cost in operations per subject, at most (10,000 spans per trace, 65,536 characters per text)

shop/few: 10k per trace
  100%     10k  pass: count(tool_call) <= 12
    0%       2  pass: duration <= 9s

shop/fast: 2 per trace
  100%       2  pass: duration <= 8s

shop/helpful: 1 per trace
  100%       1  pass: score >= 4
  200 judge calls a run: up to 3.2M tokens in, about 100k out, no price in assay.yaml

3 evals: 10k in total
`,
    err: '',
  })
})

test('with the price of a judge, in money; as JSON for scripts', () => {
  const prices = 'cost:\n  prices:\n    openai/gpt-5-mini: { input: 0.25, output: 2 }\n'
  expect(assay(['--cost', 'evals'], prices).out).toContain('about 100k out, up to about 1.00 USD\n')
  const { status, out } = assay(['--cost', '--json', 'evals'], prices)
  expect(status).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    summary: { errors: 0 },
    cost: {
      caps: { spansPerTrace: 10_000 },
      total: 10_007,
      evals: [
        { id: 'shop/fast', operations: 2, per: 'trace' },
        { id: 'shop/few', operations: 10_004, terms: [{ clause: 'pass', operations: 10_002 }, { operations: 2 }] },
        { id: 'shop/helpful', judge: { calls: 200, costUsd: expect.closeTo(1, 1) } },
      ],
    },
  })
})

test('of sessions that are judged trace by trace, per trace: nobody knows how many they have', () => {
  const rules = RULES.replace('of trace over 1h', 'of session over 1h')
    .replace(/show:[\s\S]*?solved, 1 not"/, 'metric:  answer_relevance(question: input.text, answer: output.text)')
    .replace('score >= 4', 'score >= 80%')
  const { status, out } = assay(['--cost', '--stdin-filename', 'evals/sessions.eval'], '', rules)
  expect(status).toBe(0)
  expect(out).toContain('  per trace of a session, 200 sessions a run: up to 16k tokens in, about 500 out, no price')
})

test('a limit is an error when it is exceeded, with and without --cost', () => {
  const { status, out } = assay(['evals'], 'cost:\n  perEval: 5k\n')
  expect(status).toBe(1)
  expect(out).toContain('error[E0701]: `few` costs up to 10k operations per trace, and one eval may cost 5k')
  expect(out).toContain('evals/shop.eval:9:13')
  expect(assay(['--cost', 'evals'], 'cost:\n  total: 10k\n')).toMatchObject({ status: 1 })
  expect(assay(['evals'], 'cost:\n  perEval: 11k\n  total: 11k\n')).toMatchObject({ status: 0 })
  const stdin = assay(['--stdin-filename', 'evals/new.eval'], 'cost:\n  perEval: 5k\n', RULES)
  expect(stdin).toMatchObject({ status: 1 })
})

test('a configuration that cannot be used is told of, and nothing is checked', () => {
  expect(assay(['evals'], 'cost:\n  perEvil: 5k\n')).toEqual({
    status: 2,
    out: '',
    err: 'assay.yaml:2:3: there is no `cost.perEvil`, did you mean `perEval`?\n',
  })
})

test('--cost goes with text and JSON', () => {
  expect(assay(['--cost', '--format', 'sarif', 'evals'], '')).toMatchObject({ status: 2, out: '' })
})
