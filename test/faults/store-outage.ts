/**
 * Without ClickHouse for a while: spans are taken and judged and alerts fire as ever, nothing is put aside, and when it is back everything
 * is stored; also when an evaluator dies meanwhile. That each span is there once is counted at the end of the run; memory is looked at all along.
 */
import { ALERT_GROUP } from '../../alerting/evaluator.ts'
import { AGENT_TRACES, EVAL_RESULTS } from '../../storage/log/topics.ts'
import { lags } from './drained.ts'
import { loadMeanwhile } from './meanwhile.ts'
import { untilNothingLeft } from './movement.ts'
import type { Row } from './report.ts'
import type { Scenario, Scene } from './run.ts'

/** Of the outage; for the rest an evaluator is killed, and comes back to no store. */
const UNDISTURBED_SHARE = 2 / 3
const STORING = `trans-store of ${AGENT_TRACES}`

export function storeOutage(downMs: number): Scenario {
  return { name: `no ClickHouse for ${downMs / 1_000} s`, downMs, run: (scene) => run(scene, downMs) }
}

async function run(scene: Scene, downMs: number): Promise<Row[]> {
  const { system, patience } = scene
  await system.recovered()
  const downFromMs = performance.now()
  let waiting = 0
  const { rows, behind } = await system.whileDown('clickhouse', async () => {
    const found = await loadMeanwhile(scene, `no ClickHouse for ${downMs / 1_000} s`, downMs * UNDISTURBED_SHARE)
    system.kill('trans-evaluate')
    const then = await loadMeanwhile(scene, '  then an evaluator killed', downMs * (1 - UNDISTURBED_SHARE), {
      tracesMayWait: true,
    })
    waiting = (await lags(system.log)).get(STORING) ?? 0
    return { behind: found.behind, rows: [...found.rows, ...then.rows] }
  })
  const backMs = performance.now()
  await system.recovered()
  const unstored = await untilNothingLeft(patience, async () => (await lags(system.log)).get(STORING) ?? 0)
  const seconds = (performance.now() - backMs) / 1_000
  const most = (reader: string): string => String(behind.get(reader) ?? 0)
  return [
    ...rows,
    { what: '  seconds that it was away', found: ((backMs - downFromMs) / 1_000).toFixed(0), isKept: null },
    {
      what: '  records that evaluation, and alerts, were behind at the most',
      found: `${most(`trans-evaluate of ${AGENT_TRACES}`)}, ${most(`${ALERT_GROUP} of ${EVAL_RESULTS}`)}`,
      isKept: null,
    },
    {
      what: '  records that waited in the log, and how soon they were stored',
      found: `${waiting.toLocaleString('en-GB')} in ${seconds.toFixed(0)} s${unstored === '' ? '' : `; left: ${unstored}`}`,
      // With none that waited, it was not away.
      isKept: waiting > 0 && unstored === '',
    },
  ]
}
