/**
 * `npm run bench [-- NAME …]`: the benchmarks, one after another. Run them on an otherwise idle machine; results with the
 * command, date and machine go into `docs/performance.md`.
 */
import { cpus, totalmem } from 'node:os'

const benches: Readonly<Record<string, { about: string; run: () => Promise<unknown> }>> = {
  ingest: {
    about: 'spans per second accepted over OTLP/HTTP and durably queryable, as fast as they are taken',
    run: async () => (await import('./ingest.ts')).run({ spans: 1_000_000, spansPerSecond: 0 }),
  },
  'ingest-steady': {
    about: 'the same at 20,000 spans/s',
    run: async () => (await import('./ingest.ts')).run({ spans: 600_000, spansPerSecond: 20_000 }),
  },
  'ingest-distributed': {
    about: 'the same on a Kafka broker and ClickHouse by HTTP, as fast as they are taken',
    run: async () => (await import('./ingest-distributed.ts')).run({ spans: 600_000, spansPerSecond: 0 }),
  },
  roles: {
    about: 'every role as a process of its own: the CPU of each, how soon verdicts are there for alerts, catching up',
    run: async () =>
      (await import('./roles.ts')).run({ spans: 200_000, warmUpSpans: 200_000, halfLoadPerSecond: 5_000 }),
  },
  evaluator: {
    about: 'the evaluator alone: a latency eval, and the PII pack on texts of 600 B',
    run: async () => (await import('./evaluator.ts')).run(),
  },
  pii: {
    about: 'the PII patterns beside eight separate regular expressions',
    run: async () => (await import('./pii.ts')).run(),
  },
  language: {
    about: 'the language: `assay check` on 1,000 evals in 50 files beside promtool, tests, re-checks, backtest',
    run: async () => (await import('./language.ts')).run(),
  },
  'alert-detection': {
    about: 'how often alerts on changes cry wolf and how soon they see a drop, next to a threshold and a z-test',
    run: async () => (await import('./alert-detection.ts')).run({ runs: 1_000 }),
  },
  check: {
    about: '`assay check` alone',
    run: async () => (await import('./language-check.ts')).run(),
  },
  gateway: {
    about: 'the gateway alone on one core: keys, validation and an edge policy, over HTTP protobuf and gRPC',
    run: async () => (await import('./gateway.ts')).run({ spans: 300_000, rounds: 2 }),
  },
  'gateway-kafka': {
    about: 'gateway and evaluate on a Kafka broker beside the OpenTelemetry Collector doing the same: CPU of each',
    run: async () => (await import('./gateway-kafka.ts')).run({ spans: 150_000, rounds: 2 }),
  },
  'ui-queries': {
    about: "what the web UI's pages ask, on 1,000,000 stored spans in process: p50 and p95 of each",
    run: async () => (await import('./ui-queries.ts')).run({ spans: 1_000_000, rounds: 20 }),
  },
  'live-page': {
    about: 'how soon the Live page can be used in Chromium on a processor throttled four times',
    run: async () => (await import('./live-page.ts')).run(),
  },
  'live-arrival': {
    about: 'span acknowledged → failing verdict in the document of an open Live page, beside 2,000 spans/s',
    run: async () => (await import('./live-arrival.ts')).run({ spansPerSecond: 2_000 }),
  },
  'trace-scroll': {
    about: 'frames a second while a trace of 5,000 spans scrolls in Chromium, throttled four times too',
    run: async () => (await import('./trace-scroll.ts')).run(),
  },
  subscribers: {
    about: '1,000 subscribers of the API at 10 events/s each: CPU of the server',
    run: async () => (await import('./subscribers.ts')).run({ subscribers: 1_000, seconds: 20 }),
  },
  live: {
    about: 'what live agents cost the evaluate loop: CPU of a span and of telling an agent',
    run: async () => (await import('./live.ts')).run(),
  },
  judge: {
    about:
      'offline runs on Redis and on PGlite: judged traces per second, memory, cache hits; beside G-Eval of DeepEval',
    run: async () =>
      (await import('./judge.ts')).run({
        subjects: 10_000,
        warmUpSubjects: 2_000,
        slowSubjects: 5_120,
        deepEvalCases: 400,
      }),
  },
  alert: {
    about: 'span accepted → webhook received at 2,000 spans/s, in one process',
    run: async () => (await import('./alert.ts')).run({ spansPerSecond: 2_000 }),
  },
  'alert-idle': {
    about: 'the same beside nothing else',
    run: async () => (await import('./alert.ts')).run({ spansPerSecond: 0 }),
  },
  'alert-kafka': {
    about: 'the same at 2,000 spans/s, every role as a process of its own, on a Kafka broker',
    run: async () => (await import('./alert.ts')).runOnKafka({ spansPerSecond: 2_000 }),
  },
  start: { about: 'start to ready', run: async () => (await import('./start.ts')).run() },
  overload: {
    about: 'the gateway alone at twice what it takes: goodput, refusals and how soon they come, time-outs',
    run: async () => (await import('./overload.ts')).runOverload({ seconds: 30 }),
  },
  'log-down': {
    about: 'the gateway alone with its log away for two minutes: what was acknowledged, how soon the rest is refused',
    run: async () => (await import('./overload.ts')).runLogDown({ seconds: 120 }),
  },
  sdk: {
    about: 'the SDK beside BatchSpanProcessor: cost of a span, heap over an hour of a dead collector',
    run: async () => (await import('./sdk.ts')).run(),
  },
  log: { about: 'the embedded log alone', run: async () => (await import('./log.ts')).run() },
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in benches))
if (wanted.includes('--help') || unknown.length > 0) {
  const lines = Object.entries(benches).map(([name, { about }]) => `  ${name.padEnd(18)} ${about}`)
  const out = unknown.length > 0 && !wanted.includes('--help') ? process.stderr : process.stdout
  out.write(`npm run bench [-- NAME …]\n\n${lines.join('\n')}\n`)
  process.exit(out === process.stderr ? 2 : 0)
}

const cores = cpus()
console.log(
  `${new Date().toISOString().slice(0, 10)}  ${cores.length} × ${cores[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}\n`,
)
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  await bench.run()
  console.log()
}
