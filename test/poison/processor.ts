/**
 * Runs the evaluate and the store loop over a data folder until nothing is left to be read, then says `done` and ends in peace:
 * `node test/poison/processor.ts DATA_DIR TRACES_URL`. What a span says in its name kills it on the way, as such things kill: `memory` takes
 * all there is, `abort` ends as native code does when it crashes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { buildOnlineEval, buildPlan, DURATION, e } from '../../engine/evaluate/build-plan.ts'
import { compileEvaluator } from '../../engine/evaluate/evaluator.ts'
import { compileRedaction } from '../../engine/redact/redact.ts'
import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { AGENT_TRACES, EVAL_RESULTS, onlineTopics } from '../../storage/log/topics.ts'
import { openTraces } from '../../storage/traces/open.ts'
import { startEvaluateLoop } from '../../workers/online/evaluate-loop.ts'
import { startStoreLoop } from '../../workers/online/store-loop.ts'

const [dataDir = '', url = ''] = process.argv.slice(2)
const plan = buildPlan({
  evals: [
    buildOnlineEval('fast', e.cmp(e.field('duration', DURATION), '<=', e.lit(5_000_000_000, DURATION)), {
      scope: { subject: 'span', where: null, traceWhere: null },
      when: 'arrival',
    }),
  ],
})
const redactor = compileRedaction(plan)

function mayDie(role: 'evaluate' | 'store', name: string): void {
  if (!name.startsWith(role)) return
  if (name.endsWith('memory'))
    for (const all: number[][] = []; ; ) all.push(new Array<number>(1 << 16).fill(all.length))
  if (name.endsWith('abort')) process.abort()
}

const log = await openEmbeddedLog({ dataDir })
await log.ensureTopics(onlineTopics)
const traces = await openTraces({ url })
await traces.migrate()
const evaluate = await startEvaluateLoop({
  log,
  definitions: { current: () => plan },
  nowMs: Date.now,
  compile: (of) => {
    const evaluator = compileEvaluator(of)
    return {
      ...evaluator,
      onSpan: (span, ...rest) => {
        mayDie('evaluate', span.name)
        return evaluator.onSpan(span, ...rest)
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
