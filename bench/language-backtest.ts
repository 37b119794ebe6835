/**
 * `assay backtest` of ten evals, half of them changed, on 100,000 stored spans: the whole command, from process start to exit, the
 * data folder opened by it.
 *
 *     node bench/language-backtest.ts
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeSpan } from '../engine/model/make-span.ts'
import type { AttributeValue, Span } from '../engine/model/span.ts'
import { nodeFlags } from '../scripts/node-flags.mjs'
import { openTraces } from '../storage/traces/open.ts'

const traceCount = 10_000
const spansPerTrace = 10
const runs = 5

/** By the revision before and the working tree: five change, two of them what they measure. */
function evalsText(isAfter: boolean): string {
  const [limit, mail] = isAfter ? ['6s', 'pii.email, pii.iban, pii.card'] : ['8s', 'pii.email, pii.iban']
  return `package shop
import   pii from "assay:pii"
scope    shop = trace where agent.name == "shop" and env == "prod"

online eval fast { on: shop  score: duration  pass: score <= ${limit} }
online eval no_pii { on: llm_call in shop  pass: not (output.text matches any [${mail}])  missing: unknown }
online eval refunds { on: shop  pass: count(tool_call where name == "issue_refund") <= ${isAfter ? 2 : 1} }
online eval verified {
  on:   shop
  pass: before(tool_call where name == "verify_identity", tool_call where name == "issue_refund")
}
online eval cheap { on: shop  score: sum(llm_call.cost)  pass: score <= ${isAfter ? '0.02' : '0.03'} USD  missing: unknown }
online eval short { on: llm_call  score: tokens.output  pass: score <= ${isAfter ? 400 : 450}  missing: unknown }
online eval polite { on: llm_call  pass: not (output.text contains "as an AI")  missing: unknown }
online eval tools_work { on: tool_call  pass: status != "error" }
online eval no_loops { on: shop  pass: repeats(tool_call) <= 3  missing: unknown }
online eval gold { on: span where attr("acme.tier", string) == "gold"  pass: duration <= 9s }
`
}

const kinds = ['agent', 'llm', 'tool', 'chain', 'llm', 'tool', 'chain', 'llm', 'tool', 'chain'] as const
const tools = ['search', 'issue_refund', 'verify_identity', 'look_up']
const sentence = 'Your parcel is on its way and should arrive within a few days, unless the carrier says otherwise. '
const texts = Array.from({ length: 500 }, (_, index) => `Order ${index}. ${sentence.repeat(3 + (index % 6))}`)

/** Ids that look random and are the same in every run. */
function hex(digits: number, seed: number): string {
  let state = seed + 1
  let text = ''
  while (text.length < digits) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    text += (Math.imul(state ^ (state >>> 15), 2_246_822_519) >>> 0).toString(16).padStart(8, '0')
  }
  return text.slice(0, digits)
}

function spansOf(trace: number, startTimeUs: number): Span[] {
  const traceId = hex(32, trace)
  const root = hex(16, trace * 100)
  return kinds.map((kind, index) => {
    const n = trace * spansPerTrace + index
    const tool = tools[n % tools.length]!
    return makeSpan({
      ...{ traceId, spanId: index === 0 ? root : hex(16, trace * 100 + index), kind, name: kind },
      ...{ startTimeUs: startTimeUs + index * 1_000, durationNs: ((n * 7_919) % 9_000) * 1e6, status: 'ok' },
      ...{ agentName: 'shop', agentVersion: `v${trace % 3}`, env: 'prod' },
      parentSpanId: index === 0 ? undefined : root,
      ...(kind === 'llm' && {
        ...{ model: 'gpt-5-mini', provider: 'openai', inputText: texts[n % 500], tokensInput: n % 900 },
        outputText: n % 97 === 0 ? `${texts[(n * 7) % 500]} Mail jo@example.com.` : texts[(n * 7) % 500],
        ...{ tokensOutput: n % 500, costMicroUsd: n % 12_000 },
        inputMessages: [{ role: 'user', parts: [{ type: 'text', content: texts[n % 500]! }] }],
      }),
      ...(kind === 'tool' && { toolName: tool, toolArguments: `{"id":${n % 50}}`, toolResult: texts[n % 500] }),
      attributes: new Map<string, AttributeValue>([
        ['acme.tier', n % 3 === 0 ? 'gold' : 'free'],
        ['http.status_code', 200],
      ]),
      resource: new Map([['service.name', 'shop']]),
    })
  })
}

async function fill(dataDir: string): Promise<void> {
  // Stored two minutes ago: the command reads what has settled.
  const nowMs = Date.now() - 120_000
  const store = await openTraces({ dataDir, nowMs: () => nowMs })
  await store.migrate()
  const spacingUs = (6 * 86_400e6) / traceCount
  for (let from = 0; from < traceCount; from += 1_000) {
    const traces = Array.from({ length: 1_000 }, (_, index) => {
      const startUs = Math.floor(nowMs * 1_000 - (from + index + 1) * spacingUs)
      return spansOf(from + index, startUs)
    })
    await store.insertSpans(traces.flat(), `bench:${from}`)
  }
  await store.close()
}

function git(folder: string, ...args: string[]): void {
  const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com']
  const { status, stderr } = spawnSync('git', [...identity, ...args], { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
}

interface Report {
  traces: number
  spans: number
  evaluationMs: number
  subjectsPerSecond: number
}

/** Prints a row of a table, and returns the median in milliseconds. */
export async function run(): Promise<{ medianMs: number; minMs: number; maxMs: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-backtest-'))
  try {
    mkdirSync(join(folder, 'evals'))
    const file = join(folder, 'evals', 'shop.eval')
    writeFileSync(file, evalsText(false))
    git(folder, 'init', '-q')
    git(folder, 'add', 'evals')
    git(folder, 'commit', '-q', '-m', 'before')
    writeFileSync(file, evalsText(true))
    const data = join(folder, 'data')
    await fill(data)

    const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
    const args = [...nodeFlags, main, 'backtest', '--evals', 'evals', '--data', data, '--against', 'HEAD', '--json']
    const times: number[] = []
    let last: Report | undefined
    // The first run warms the disk's cache and is left out.
    for (let index = 0; index <= runs; index++) {
      const startMs = performance.now()
      const { status, stdout, stderr } = spawnSync(process.execPath, args, {
        ...{ cwd: folder, encoding: 'utf8', maxBuffer: 64 << 20 },
        env: { ...process.env, ASSAY_URL: '' },
      })
      if (status !== 0) throw new Error(`assay backtest ended with ${status}: ${stderr}`)
      if (index > 0) times.push(performance.now() - startMs)
      last = JSON.parse(stdout) as Report
    }
    const found = last!
    if (found.spans !== traceCount * spansPerTrace) throw new Error(`${found.spans} spans were read`)
    times.sort((a, b) => a - b)
    const result = { medianMs: times[times.length >> 1]!, minMs: times[0]!, maxMs: times.at(-1)! }
    const cells = [
      `ten evals on ${found.spans.toLocaleString('en-GB')} stored spans`,
      `${(result.medianMs / 1000).toFixed(2)} s median of ${runs}`,
      `${(result.minMs / 1000).toFixed(2)} to ${(result.maxMs / 1000).toFixed(2)} s`,
      `evaluation ${(found.evaluationMs / 1000).toFixed(2)} s, ${found.subjectsPerSecond.toLocaleString('en-GB')} subjects/s`,
    ]
    process.stdout.write(`| assay backtest | ${cells.join(' | ')} |\n`)
    return result
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) await run()
