/**
 * What the evaluator alone costs: CPU microseconds (user and system) for a span, through the evaluator's own door, results
 * made included. Targets on 2 cores: a latency eval 1 µs a span, the PII pack 10 µs a text of 600 B.
 *
 * `node bench/main.ts evaluator`, or alone: `node bench/evaluator.ts`.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadEvals } from '../cli/load-evals.ts'
import type { Plan } from '../dsl/plan.ts'
import { compileProject } from '../dsl/project.ts'
import { compileEvaluator } from '../engine/evaluate/evaluator.ts'
import { makeSpan } from '../engine/model/make-span.ts'
import type { EvalResult } from '../engine/model/result.ts'
import type { Span } from '../engine/model/span.ts'
import { cleanTexts, withHits } from './pii-texts.ts'

const SPANS = 20_000
const SPANS_PER_TRACE = 10
const ROUNDS = 9
const WARM_UP_ROUNDS = 3
const START_US = 1_767_225_600_000_000

interface Measured {
  name: string
  targetUs: number
  us: number
  verdicts: string
}

function spansOf(texts: readonly string[]): Span[] {
  return Array.from({ length: SPANS }, (_, i) => {
    const first = i % SPANS_PER_TRACE === 0
    return makeSpan({
      traceId: Math.floor(i / SPANS_PER_TRACE)
        .toString(16)
        .padStart(32, '0'),
      spanId: (i + 1).toString(16).padStart(16, '0'),
      parentSpanId: first ? undefined : (i - (i % SPANS_PER_TRACE) + 1).toString(16).padStart(16, '0'),
      kind: first ? 'agent' : 'llm',
      name: first ? 'invoke_agent support' : 'chat gpt-5-mini',
      startTimeUs: START_US + i * 977,
      // One call in 40 takes longer than the limit.
      durationNs: i % 40 === 7 ? 6_300_000_000 : 900_000_000 + i,
      agentName: 'support',
      agentVersion: '2.4.1',
      env: 'prod',
      outputText: texts[i % texts.length],
    })
  })
}

/** Verdicts as spans arrive. */
function atArrival(plan: Plan, spans: readonly Span[]): () => EvalResult[] {
  const evaluator = compileEvaluator(plan)
  return () => {
    const results: EvalResult[] = []
    for (const span of spans) for (const result of evaluator.onSpan(span, 0)) results.push(result)
    return results
  }
}

/** Verdicts as traces settle: what is kept of each span, and the verdict once all are there. */
function atSettle(plan: Plan, spans: readonly Span[]): () => EvalResult[] {
  const evaluator = compileEvaluator(plan)
  return () => {
    const results: EvalResult[] = []
    for (let i = 0; i < spans.length; i += SPANS_PER_TRACE) {
      const kept = spans.slice(i, i + SPANS_PER_TRACE).map(evaluator.project)
      for (const span of spans.slice(i, i + SPANS_PER_TRACE)) evaluator.onSpan(span, 0)
      const { tenant, traceId } = kept[0]!
      for (const result of evaluator.onTrace({ tenant, traceId, spans: kept }, 1, 0)) results.push(result)
    }
    return results
  }
}

function measure(name: string, targetUs: number, work: () => EvalResult[], spanCount: number): Measured {
  const rounds: number[] = []
  let results: EvalResult[] = []
  for (let round = 0; round < ROUNDS + WARM_UP_ROUNDS; round++) {
    const before = process.cpuUsage()
    results = work()
    const { user, system } = process.cpuUsage(before)
    if (round >= WARM_UP_ROUNDS) rounds.push((user + system) / spanCount)
  }
  rounds.sort((a, b) => a - b)
  const of = (verdict: string): number => results.filter((result) => result.verdict === verdict).length
  return { name, targetUs, us: rounds[Math.floor(ROUNDS / 2)]!, verdicts: `${of('pass')} pass, ${of('fail')} fail` }
}

function packPlan(name: string): Plan {
  const { plan, diagnostics } = loadEvals([join(import.meta.dirname, '..', 'evals', `${name}.eval`)])
  if (plan === null) throw new Error(`the pack ${name} does not check: ${JSON.stringify(diagnostics[0])}`)
  return plan
}

function callLatencyPlan(): Plan {
  const text = 'package bench\nonline eval fast_call {\n  on: llm_call\n  score: duration\n  pass: score <= 5s\n}\n'
  const { plan } = compileProject({ files: [{ path: 'bench.eval', text }], readImport: () => null })
  if (plan === null) throw new Error('the latency eval does not check')
  return plan
}

export function run(): Promise<void> {
  const clean = cleanTexts(2_000)
  const plain = spansOf(clean)
  const llm = plain.filter((span) => span.kind === 'llm')
  const leaking = spansOf(withHits(2_000, 1 / 7)).filter((span) => span.kind === 'llm')
  const rows = [
    measure('latency of a call, at arrival', 1, atArrival(callLatencyPlan(), llm), llm.length),
    measure('latency of a trace of 10 spans (pack), at settle', 1, atSettle(packPlan('latency'), plain), plain.length),
    measure('PII pack, 600 B texts', 10, atArrival(packPlan('pii'), llm), llm.length),
    measure('PII pack, one text in seven leaks', 10, atArrival(packPlan('pii'), leaking), leaking.length),
  ]
  console.log('evaluator alone, CPU µs a span')
  for (const { name, us, targetUs, verdicts } of rows) {
    console.log(`  ${name.padEnd(50)} ${us.toFixed(2).padStart(6)}   (target ${targetUs}; ${verdicts})`)
  }
  return Promise.resolve()
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run()
