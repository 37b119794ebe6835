/**
 * `assay check` on 1,000 evals in 50 files: from process start to exit, as a user waits for it.
 *
 *     node bench/check.ts
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeFlags } from '../scripts/node-flags.mjs'

const files = 50
const evalsPerFile = 20
const runs = 15

/** Twenty evals of the kinds that people write, no two of the same meaning, with an alert and a test. */
function fileText(file: number): string {
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

/** Milliseconds of each run, in order; the first ones warm the disk's cache and are left out. */
function measure(args: string[]): number[] {
  const times: number[] = []
  for (let run = 0; run < runs + 2; run++) {
    const start = performance.now()
    const result = spawnSync(process.execPath, args, { encoding: 'utf8' })
    if (result.status !== 0)
      throw new Error(`${args.join(' ')} ended with ${result.status}: ${result.stdout}${result.stderr}`)
    if (run >= 2) times.push(performance.now() - start)
  }
  return times.sort((a, b) => a - b)
}

/** Prints a row of a table, and returns the median in milliseconds. */
export async function run(): Promise<{ medianMs: number; minMs: number; maxMs: number; nodeMs: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-check-'))
  try {
    mkdirSync(join(folder, 'evals'))
    writeFileSync(join(folder, 'evals', 'pii.eval'), 'package shared\npattern email = /[a-z.]+@[a-z]+\\.[a-z]{2,}/\n')
    for (let file = 0; file < files; file++) writeFileSync(join(folder, 'evals', `team_${file}.eval`), fileText(file))
    const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
    const times = measure([...nodeFlags, main, 'check', join(folder, 'evals')])
    const bare = measure(['-e', '0'])
    const at = (sorted: number[], part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN
    const result = { medianMs: at(times, 0.5), minMs: at(times, 0), maxMs: at(times, 1), nodeMs: at(bare, 0.5) }
    const cells = [`${files * evalsPerFile} evals in ${files} files`, `${result.medianMs.toFixed(0)} ms median`]
    cells.push(
      `${result.minMs.toFixed(0)} to ${result.maxMs.toFixed(0)} ms`,
      `node alone ${result.nodeMs.toFixed(0)} ms`,
    )
    process.stdout.write(`| assay check | ${cells.join(' | ')} |\n`)
    return result
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) await run()
