/** `assay check --cost` and the limits of an `assay.yaml`, as a user runs them: in a process of its own. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeResult } from '../../engine/model/make-result.ts'
import { resultToJson } from '../../server/result-json.ts'
import { costText } from './cost.ts'
import { storedAnswerTokens } from './stored-answers.ts'

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
const RESULT = resultToJson(makeResult({ evalId: 'shop/known', traceId: '1'.repeat(32), verdict: 'pass' }), () => null)
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

function assay(
  args: string[],
  config: string,
  input = '',
  judges: NodeJS.ProcessEnv = {},
): { status: number | null; out: string; err: string } {
  writeFileSync(join(folder, 'assay.yaml'), config)
  const { FORCE_COLOR: _, GITHUB_ACTIONS: __, OPENAI_API_KEY: ___, ...own } = process.env
  const env = { ...own, ...judges }
  const command = [main, 'check', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', cwd: folder, env, input })
  return { status, out: stdout, err: stderr }
}

test('prints every eval and the share of each term', () => {
  expect(assay(['--cost', 'evals'], '')).toEqual({
    status: 0,
    out: `1 file checked: 3 evals, 0 alerts, 0 tests, no problems
as configured here: No provider is configured for the judge of shop/helpful (openai/gpt-5-mini): it is not run. Set OPENAI_API_KEY (or ASSAY_OPENAI_BASE_URL for a server of your own).

cost in operations per subject, at most (10,000 spans per trace, 65,536 characters per text)

shop/few: 10k per trace
  100%     10k  pass: count(tool_call) <= 12
    0%       2  pass: duration <= 9s

shop/fast: 2 per trace
  100%       2  pass: duration <= 8s

shop/helpful: 1 per trace
  100%       1  pass: score >= 4
  200 judge calls a run: up to 3.2M tokens in, about 100k out (a guess: 500 an answer), no price in assay.yaml

3 evals: 10k in total
`,
    err: '',
  })
})

test('with the price of a judge, in money; as JSON for scripts', () => {
  const prices = 'cost:\n  prices:\n    openai/gpt-5-mini: { input: 0.25, output: 2 }\n'
  expect(assay(['--cost', 'evals'], prices).out).toContain(
    'about 100k out (a guess: 500 an answer), up to about 1.00 USD\n',
  )
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
        { id: 'shop/helpful', judge: { calls: 200, costUsd: expect.closeTo(1, 1), storedAnswerTokens: null } },
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
  expect(out).toContain(
    '  per trace of a session, 200 sessions a run: up to 16k tokens in, about 500 out (a guess: 500 an answer), no price',
  )
})

test('with an instance, by the answers that it has stored', async () => {
  const judge = {
    models: ['a/x', 'a/y'],
    callsPerSubject: 2,
    perTraceOfSession: false,
    subjectsPerRun: 200,
    inputTokens: 1_000,
    outputTokens: 500,
  }
  const cost = { file: 'shop.eval', line: 1, per: 'trace', operations: 1, terms: [] } as const
  const costs = [
    { ...cost, evalId: 'shop/known', judge },
    { ...cost, evalId: 'shop/new', judge },
    { ...cost, evalId: 'shop/talks', judge: { ...judge, perTraceOfSession: true } },
    { ...cost, evalId: 'shop/fast', judge: null },
  ]
  const one = (outputTokens: number): object => ({ ...RESULT, judge: { model: 'x', inputTokens: 1, outputTokens } })
  const asked: (string | null)[] = []
  const api = createServer((request, response) => {
    const evalId = new URL(request.url ?? '', 'http://x').searchParams.get('eval')
    asked.push(evalId)
    // Of the cache and of a stand-in nothing is learnt.
    const byProxy = { ...one(9_000), standIn: { level: 'proxy', by: 'k_precision' } }
    const results = evalId === 'shop/known' ? [one(400), one(800), one(0), byProxy] : []
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ results }))
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = api.address() as AddressInfo
    const answers = await storedAnswerTokens(`http://127.0.0.1:${port}`, costs)
    if (!answers.ok) throw new Error(answers.message)
    expect(asked).toEqual(['shop/known', 'shop/new'])
    expect([...answers.value]).toEqual([['shop/known', 150]])
    const text = costText(costs, {}, answers.value)
    expect(text).toContain(
      '800 judge calls a run: up to 800k tokens in, about 120k out (150 an answer, as those that are stored)',
    )
    expect(text).toContain('800 judge calls a run: up to 800k tokens in, about 400k out (a guess: 500 an answer)')
  } finally {
    await new Promise((resolve) => api.close(resolve))
  }
  const nobody = assay(['--cost', '--server', 'http://127.0.0.1:1', 'evals'], '')
  expect(nobody).toMatchObject({ status: 2, err: expect.stringContaining('no Assay answers at http://127.0.0.1:1') })
  expect(assay(['--server', 'http://127.0.0.1:1', 'evals'], '').err).toContain('--server goes with --cost')
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

describe('judges that are not configured', () => {
  const METRICS = `package shop
offline eval grounded {
  every:   hour in "UTC"
  sample:  10 of trace over 1h
  metric:  faithfulness(answer: output.text, context: retrieval.documents)
  pass:    score >= 90%
  missing: unknown
}
offline eval relevant {
  every:   hour in "UTC"
  sample:  10 of trace over 1h
  metric:  answer_relevance(question: input.text, answer: output.text)
  pass:    score >= 80%
  missing: unknown
}
offline eval words {
  every:   hour in "UTC"
  sample:  10 of trace over 1h
  metric:  token_f1(answer: output.text, reference: input.text)
  pass:    score >= 50%
  missing: unknown
}
`
  const lines = (out: string): string[] => out.split('\n').filter((line) => line.startsWith('as configured here'))

  test('are told of once, for all evals that lack the same, and for none that asks nobody', () => {
    const { status, out } = assay(['-'], '', METRICS)
    expect(status).toBe(0)
    expect(lines(out)).toEqual([
      'as configured here: No judge is configured for 2 offline evals (shop/grounded, shop/relevant): they are not run. ' +
        'Those that need none are. Name one in `judge:`, or set ASSAY_JUDGE to one for all metrics.',
    ])
    const { summary } = JSON.parse(assay(['--json', '-'], '', METRICS).out)
    expect(summary).toMatchObject({
      judged: ['shop/grounded', 'shop/relevant'],
      unjudged: [
        { eval: 'shop/grounded', state: 'no_provider', detail: expect.stringContaining('No judge is configured') },
        { eval: 'shop/relevant' },
      ],
    })
  })

  test('a judge of the environment or of the project’s assay.yaml is one', () => {
    const judge = { ASSAY_JUDGE: 'openai/gpt-5-mini', OPENAI_API_KEY: 'sk-test' }
    expect(lines(assay(['-'], '', METRICS, judge).out)).toEqual([])
    const config = `judges:
  default: [local/small]
  providers:
    local: { baseUrl: "http://127.0.0.1:9/v1" }
`
    expect(lines(assay(['-'], config, METRICS).out)).toEqual([])
    expect(lines(assay(['-'], '', METRICS, { ASSAY_JUDGE: 'openai/gpt-5-mini' }).out)).toEqual([
      expect.stringContaining('Set OPENAI_API_KEY'),
    ])
  })

  test('a budget that cannot be kept for want of a price is told of, until there is one', () => {
    const judge = { ASSAY_JUDGE: 'openai/gpt-5-mini', OPENAI_API_KEY: 'sk-test' }
    const rules = METRICS.replaceAll(
      /( {2}metric: {2}(?:faithfulness|answer_relevance))/g,
      '  budget:  1 USD per run\n$1',
    )
    expect(lines(assay(['-'], '', rules, judge).out)).toEqual([
      'as configured here: The budgets of 2 offline evals (shop/grounded, shop/relevant) cannot be kept, for there is no price of openai/gpt-5-mini: ' +
        'they are not run. Set cost.prices["openai/gpt-5-mini"] to { input, output }, in USD per million tokens; 0 for one of your own.',
    ])
    const { summary } = JSON.parse(assay(['--json', '-'], '', rules, judge).out)
    expect(summary.unjudged).toMatchObject([
      {
        eval: 'shop/grounded',
        state: 'no_price',
        detail: expect.stringContaining('The budget of shop/grounded cannot'),
      },
      { eval: 'shop/relevant', state: 'no_price' },
    ])
    const priced = 'cost:\n  prices:\n    openai/gpt-5-mini: { input: 0.25, output: 2 }\n'
    expect(lines(assay(['-'], priced, rules, judge).out)).toEqual([])
  })

  test('with a proxy it says that this measures', () => {
    const rules = METRICS.replace('90%\n', '90%\n  proxy:   token_f1(answer: output.text, reference: input.text)\n')
    expect(lines(assay(['-'], '', rules).out).join()).toContain(
      'No judge is configured for shop/grounded: its proxy token_f1 measures it',
    )
  })
})
