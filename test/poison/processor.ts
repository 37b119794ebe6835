/**
 * Runs the evaluate and the store loop over a log until nothing is left to be read, then says `done` and ends in peace:
 * `node test/poison/processor.ts DATA_DIR|KAFKA_URL TRACES_URL`. What a span says in its name kills it on the way, as such things kill: `memory`
 * takes all there is, `abort` ends as native code does when it crashes; the span of a `trace` does it when the trace is judged.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { buildOnlineEval, buildPlan, DURATION, e, INT } from '../../engine/evaluate/build-plan.ts'
import { compileEvaluator } from '../../engine/evaluate/evaluator.ts'
import { compileRedaction } from '../../engine/redact/redact.ts'
import { AGENT_TRACES, EVAL_RESULTS } from '../../storage/log/topics.ts'
import { openTraces } from '../../storage/traces/open.ts'
import { startEvaluateLoop } from '../../workers/online/evaluate-loop.ts'
import { startStoreLoop } from '../../workers/online/store-loop.ts'
import { openLog } from './open-log.ts'

const [place = '', url = ''] = process.argv.slice(2)
const plan = buildPlan({
  evals: [
    buildOnlineEval('fast', e.cmp(e.field('duration', DURATION), '<=', e.lit(5_000_000_000, DURATION)), {
      scope: { subject: 'span', where: null, traceWhere: null },
      when: 'arrival',
    }),
    buildOnlineEval('short', e.cmp(e.score(), '<=', e.lit(5)), {
      score: e.over('count', e.select('span'), null, INT),
    }),
  ],
})
const redactor = compileRedaction(plan)

function mayDie(role: 'evaluate' | 'store' | 'trace', name: string): void {
  if (!name.startsWith(role)) return
  if (name.endsWith('memory'))
    for (const all: number[][] = []; ; ) all.push(new Array<number>(1 << 16).fill(all.length))
  if (name.endsWith('abort')) process.abort()
}

/** By trace id, what a span of it says of the whole. */
const deadly = new Map<string, string>()

const log = await openLog(place)
const traces = await openTraces({ url })
await traces.migrate()
const evaluate = await startEvaluateLoop({
  log,
  definitions: { current: () => plan },
  nowMs: Date.now,
  times: { settleMs: 50 },
  compile: (of) => {
    const evaluator = compileEvaluator(of)
    return {
      ...evaluator,
      onSpan: (span, ...rest) => {
        mayDie('evaluate', span.name)
        if (span.name.startsWith('trace')) deadly.set(span.traceId, span.name)
        return evaluator.onSpan(span, ...rest)
      },
      onTrace: (trace, ...rest) => {
        mayDie('trace', deadly.get(trace.traceId) ?? '')
        return evaluator.onTrace(trace, ...rest)
      },
    }
  },
})
const store = await startStoreLoop({
  log,
  traces,
  nowMs: Date.now,
  definitions: () => ({
    ...redactor,
    apply: (span) => {
      mayDie('store', span.name)
      return redactor.apply(span)
    },
  }),
})
process.stdout.write('ready\n')

async function lagOf(groupId: string, topics: readonly string[]): Promise<number> {
  const committed = await log.committed(groupId)
  let lag = 0
  for (const topic of topics) {
    for (const { partition, end } of await log.endOffsets(topic)) {
      lag += end - (committed.find((one) => one.topic === topic && one.partition === partition)?.offset ?? 0)
    }
  }
  return lag
}

for (;;) {
  const lag =
    (await lagOf('trans-evaluate', [AGENT_TRACES])) + (await lagOf('trans-store', [AGENT_TRACES, EVAL_RESULTS]))
  if (lag === 0) break
  await sleep(20)
}
await evaluate.drain()
await store.drain()
await traces.close()
await log.close()
process.stdout.write('done\n')
