/**
 * `assay check` on 1,000 evals in 50 files: from process start to exit, as a user waits for it. Beside it, where `promtool` is on
 * the path or named by PROMTOOL, `promtool check rules` on 1,000 rules in 50 files.
 *
 *     node bench/language-check.ts
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeFlags } from '../scripts/node-flags.mjs'

export const files = 50
const evalsPerFile = 20
const runs = 15
/** They warm the disk's cache and the compile cache, and are left out. */
const warmUps = 2

/** Twenty evals of the kinds that people write, no two of the same meaning, with an alert and a test. */
export function fileText(file: number): string {
  const evals = Array.from({ length: evalsPerFile }, (_, index) => evalText(file * evalsPerFile + index, index))
  return `# Generated for the benchmark.
package  team_${file}
import   pii from "./pii.eval"
const    limit: duration = ${file + 1}s
pattern  api_key = /sk-[A-Za-z0-9]{${20 + file}}/
scope    ours = trace where agent.name == "agent_${file}" and env == "prod"

${evals.join('\n')}
alert slow_${file} {
  on:       check_${file * evalsPerFile}
  when:     count(fail) >= ${file + 1} over 10m
  severity: ticket
  notify:   slack("#team-${file}")
}

test "a slow trace" {
  given trace { agent.name: "agent_${file}"  env: "prod"  duration: 1h }
  expect check_${file * evalsPerFile}: fail
}
`
}

function evalText(number: number, form: number): string {
  const head = `online eval check_${number} {\n  title:   "Check number ${number}"\n  owner:   "@team"`
  const body = [
    `  on:      ours\n  score:   duration\n  pass:    score <= limit + ${number}ms`,
    `  on:      llm_call in ours\n  pass:    not (output.text matches any [pii.email, api_key, /token-${number}-[a-z]+/])\n  missing: unknown\n  redact:  output.text`,
    `  on:      ours\n  pass:    count(tool_call) <= ${number} and count(tool_call where name == "refund_${number}") <= 1\n           and before(tool_call where name == "verify", tool_call where name == "refund_${number}")`,
    `  on:      ours\n  score:   sum(llm_call.cost)\n  pass:    score <= 0.${10 + (number % 89)} USD\n  missing: unknown`,
    `  on:      tool_call in ours\n  pass:    status != "error" and (result.text ?? "") contains "ok-${number}" or name in ["a", "b", "c_${number}"]`,
  ]
  return `${head}\n${body[form % body.length]}\n}\n`
}

/** Twenty rules of the kinds that people write, in Prometheus' own language. */
function rulesText(file: number): string {
  const rules = Array.from({ length: evalsPerFile }, (_, index) => {
    const number = file * evalsPerFile + index
    const expr = [
      `histogram_quantile(0.99, sum by (le) (rate(request_seconds_bucket{agent="agent_${file}", env="prod"}[5m]))) > ${number}`,
      `sum(rate(answers_total{agent="agent_${file}", text=~".*token-${number}-[a-z]+.*"}[10m])) > 0`,
      `sum by (agent) (increase(tool_calls_total{env="prod"}[1h])) > ${number} and sum(increase(refunds_total{name="refund_${number}"}[1h])) <= 1`,
      `sum(rate(llm_cost_usd_total{agent="agent_${file}"}[1h])) > 0.${10 + (number % 89)}`,
      `sum(rate(tool_calls_total{status="error", name=~"a|b|c_${number}"}[5m])) / sum(rate(tool_calls_total[5m])) > 0.05`,
    ]
    return `      - alert: Check${number}\n        expr: '${expr[index % expr.length]}'\n        for: 10m\n        labels: { severity: ticket }\n        annotations: { summary: "Check number ${number}" }\n`
  })
  return `groups:\n  - name: team_${file}\n    rules:\n${rules.join('')}`
}

interface Contender {
  readonly name: string
  readonly command: readonly [string, ...string[]]
}

/** Milliseconds of each contender's runs, in turn, so that what else the machine does meets all of them. */
function measure(contenders: readonly Contender[]): Map<string, number[]> {
  const times = new Map(contenders.map(({ name }) => [name, [] as number[]]))
  for (let run = 0; run < runs + warmUps; run++)
    for (const { name, command } of contenders) {
      const [file, ...args] = command
      const startMs = performance.now()
      const result = spawnSync(file, args, { encoding: 'utf8' })
      if (result.status !== 0)
        throw new Error(`${command.join(' ')} ended with ${result.status}: ${result.stdout}${result.stderr}`)
      if (run >= warmUps) times.get(name)?.push(performance.now() - startMs)
    }
  return times
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Null: this machine has none. */
function findPromtool(): string | null {
  const file = process.env.PROMTOOL ?? 'promtool'
  return spawnSync(file, ['--version']).status === 0 ? file : null
}

/** Prints a table. */
export async function run(): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'assay-check-'))
  try {
    const evals = join(folder, 'evals')
    const rules = join(folder, 'rules')
    mkdirSync(evals)
    mkdirSync(rules)
    writeFileSync(join(evals, 'pii.eval'), 'package shared\npattern email = /[a-z.]+@[a-z]+\\.[a-z]{2,}/\n')
    for (let file = 0; file < files; file++) {
      writeFileSync(join(evals, `team_${file}.eval`), fileText(file))
      writeFileSync(join(rules, `team_${file}.yml`), rulesText(file))
    }
    const built = spawnSync(process.execPath, [join(root, 'scripts', 'build.ts')], { encoding: 'utf8' })
    if (built.status !== 0) throw new Error(built.stderr)
    const promtool = findPromtool()
    const contenders: Contender[] = [
      { name: 'Node alone', command: [process.execPath, '-e', '0'] },
      { name: 'the package', command: [process.execPath, join(root, 'bin', 'assay.cjs'), 'check', evals] },
      {
        name: 'the repository, `cli/main.ts`',
        command: [process.execPath, ...nodeFlags, join(root, 'cli', 'main.ts'), 'check', evals],
      },
    ]
    if (promtool !== null) {
      const ruleFiles = Array.from({ length: files }, (_, file) => join(rules, `team_${file}.yml`))
      contenders.push({ name: 'promtool check rules', command: [promtool, 'check', 'rules', ...ruleFiles] })
    }
    const times = measure(contenders)
    const own = times.get('the package') ?? []
    process.stdout.write(`| check, ${files * evalsPerFile} in ${files} files | median ms | range | to the package |\n`)
    process.stdout.write('| --- | --- | --- | --- |\n')
    for (const [name, values] of times) {
      const ratio = median(values.map((value, index) => value / (own[index] ?? Number.NaN)))
      const cells = [
        median(values).toFixed(0),
        `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}`,
      ]
      process.stdout.write(`| ${name} | ${cells.join(' | ')} | ${ratio.toFixed(2)} |\n`)
    }
    if (promtool === null) process.stdout.write('promtool is not on the path: nothing to compare with\n')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) await run()
