/**
 * What live agents cost where spans are evaluated: CPU microseconds (user and system) for a span, and for telling an agent. Target: at
 * most 1 µs a span.
 *
 * `node bench/main.ts live`, or alone: `node bench/live.ts`.
 */
import { pathToFileURL } from 'node:url'
import { encodeShare } from '../engine/live/share.ts'
import { makeResult } from '../engine/model/make-result.ts'
import { makeSpan } from '../engine/model/make-span.ts'
import type { Span } from '../engine/model/span.ts'
import { LiveAgents } from '../workers/online/live/live-agents.ts'

const RECORDS = 20_000
const SPANS_PER_TRACE = 10
const AGENTS = 50
const ROUNDS = 9
const START_MS = 1_767_225_600_000

/** A trace to a record: its root comes last, as SDKs send it. Ids and names are strings of their own, as a decoder makes them. */
function recordsOf(round: number): Span[][] {
  return Array.from({ length: RECORDS }, (_, i) => {
    const own = (text: string): string => Buffer.from(text).toString()
    const shared = { agentName: own(`agent ${i % AGENTS}`), agentVersion: own('2.4.1'), env: own('prod') }
    return Array.from({ length: SPANS_PER_TRACE }, (_, at) => {
      const isRoot = at === SPANS_PER_TRACE - 1
      return makeSpan({
        ...shared,
        traceId: own((round * RECORDS + i).toString(16).padStart(32, '0')),
        parentSpanId: isRoot ? undefined : 'a',
        kind: isRoot ? 'agent' : 'llm',
        model: isRoot ? undefined : own(`model ${at % 3}`),
        startTimeUs: START_MS * 1_000,
        durationNs: 900_000_000 + i * 10_000,
        tokensInput: 900,
        tokensOutput: 100,
      })
    })
  })
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

function cpuUsOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

export function run(): void {
  const agents = new LiveAgents()
  agents.begin(START_MS)
  const perSpan: number[] = []
  const perResult: number[] = []
  let nowMs = START_MS
  for (let round = 0; round < ROUNDS; round++) {
    const records = recordsOf(round)
    const results = records.map(([span]) =>
      makeResult({
        evalId: 'support/fast',
        agentName: span!.agentName,
        env: 'prod',
        subjectTimeUs: START_MS * 1_000,
        subjectArrivedAtMs: nowMs,
      }),
    )
    // Time goes on as at 20,000 spans a second.
    const spansUs = cpuUsOf(() => {
      for (const record of records) {
        nowMs += 0.5
        agents.addSpans(record, nowMs)
      }
    })
    perSpan.push(spansUs / (RECORDS * SPANS_PER_TRACE))
    perResult.push(cpuUsOf(() => agents.addResults(results)) / RECORDS)
    agents.sweep(nowMs)
  }
  const due = agents.due(nowMs, 0, AGENTS)
  const texts: string[] = []
  const tellUs = cpuUsOf(() => {
    for (const one of due) texts.push(encodeShare(agents.share(one, nowMs)))
  })
  const sizeBytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / texts.length
  console.log(`live agents, ${AGENTS} of them, ${ROUNDS} × ${RECORDS * SPANS_PER_TRACE} spans`)
  console.log(`  a span      ${median(perSpan).toFixed(2)} µs CPU   (target 1)`)
  console.log(`  a verdict   ${median(perResult).toFixed(2)} µs CPU`)
  console.log(
    `  an agent    ${(tellUs / due.length).toFixed(0)} µs CPU to tell, at most once a second; ${Math.round(sizeBytes)} B`,
  )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) run()
