/**
 * `assay test` on 1,000 tests in 50 files: from process start to exit, as a user waits for it.
 *
 *     node bench/language-tests.ts
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeFlags } from '../scripts/node-flags.mjs'

const files = 50
const testsPerFile = 20
const runs = 9

/** Five evals of the kinds that people write, and twenty tests of them, with personal data, tools, costs and a judge. */
function fileText(file: number): string {
  const tests = Array.from({ length: testsPerFile }, (_, index) => testText(index))
  return `package team_${file}
import   pii from "assay:pii"
scope    ours = trace where agent.name == "agent_${file}" and env == "prod"

online eval fast { on: ours  score: duration  pass: score <= ${file + 1}s }
online eval no_pii {
  on:      llm_call in ours
  pass:    not (output.text matches any [pii.email, pii.card, /token-${file}-[a-z]+/])
  missing: unknown
}
online eval tools {
  on:   ours
  pass: count(tool_call) <= 3 and before(tool_call where name == "verify", tool_call where name == "refund")
}
online eval cheap { on: ours  score: sum(llm_call.cost)  pass: score <= 0.25 USD  missing: unknown }
offline eval helpful {
  every:   day at 06:00 in "UTC"
  sample:  10 of ours over 24h
  judge:   "openai/gpt-5-mini"
  show:    output.text
  scale:   1 to 5
  rubric:  "5 solved, 1 not"
  pass:    score >= 4
  missing: unknown
}
${tests.join('')}`.replaceAll('AGENT', `agent_${file}`)
}

function testText(index: number): string {
  const mail = index % 2 === 0
  return `
test "case ${index}" {
  given trace {
    agent.name: "AGENT"  env: "prod"  duration: ${20 + index * 10}ms
    llm_call  { output.text: "Your order ${index} is on its way${mail ? `, ask jo${index}@acme.com` : ''}."  cost: 0.${10 + index} USD }
    tool_call { name: "verify"  duration: 5ms }
    tool_call { name: "refund"  duration: 5ms }
  }
  given helpful judge returns ${1 + (index % 5)}
  expect fast: pass
  expect no_pii: ${mail ? 'fail' : 'pass'}
  expect tools: pass
  expect cheap: ${10 + index <= 25 ? 'pass' : 'fail'}
  expect helpful: ${index % 5 >= 3 ? 'pass' : 'fail'}
}
`
}

/** Prints a row of a table, and returns the milliseconds of the median run. */
export async function run(): Promise<{ medianMs: number; minMs: number; maxMs: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-tests-'))
  try {
    for (let file = 0; file < files; file++) writeFileSync(join(folder, `team_${file}.eval`), fileText(file))
    const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
    const times: number[] = []
    // The first ones warm the disk's cache and the compiler's.
    for (let i = 0; i < runs + 2; i++) {
      const startMs = performance.now()
      const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeFlags, main, 'test', folder], {
        encoding: 'utf8',
      })
      const elapsedMs = performance.now() - startMs
      if (status !== 0 || !stdout.startsWith(`${files * testsPerFile} tests in ${files} files: all passed`))
        throw new Error(`assay test ended with ${status}: ${stdout}${stderr}`)
      if (i >= 2) times.push(elapsedMs)
    }
    times.sort((a, b) => a - b)
    const result = { medianMs: times[runs >> 1]!, minMs: times[0]!, maxMs: times.at(-1)! }
    const text = Object.values(result).map((ms) => ms.toFixed(0))
    process.stdout.write(
      `| assay test | ${files * testsPerFile} tests in ${files} files | ${text[0]} ms median | ${text[1]} to ${text[2]} ms |\n`,
    )
    return result
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) await run()
