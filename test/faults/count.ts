/** What a run has come to: everything that was promised is counted, and where a promise was broken it is looked up. */
import { countPromises, type PromiseCounts } from './check-promises.ts'
import { countSpans } from './check-spans.ts'
import { countRows, mergeAll, type Table, type TableCounts } from './check-tables.ts'
import type { Journal } from './journal.ts'
import { untilNothingLeft } from './movement.ts'
import { promiseRows, type Row, spanRows, tableRows } from './report.ts'
import type { Scene } from './run.ts'

/** What came last settles for queries by then: its root is stored for some seconds. */
const SETTLE_MS = 8_000
/** Runs that wait for a store that was away, or whose worker was killed last, are taken up after seconds; each is looked at over the queue. */
const PROMISES_EVERY_MS = 2_000

export async function count(scene: Scene, fromMs: number, journal: Journal): Promise<Row[]> {
  const { system, population } = scene
  const { url } = system.clickHouse
  await scene.wait(SETTLE_MS)
  const spans = await countSpans(system.traces, population, fromMs)
  if (spans.examples.length > 0) await journal.noteTraces(system, spans.examples)
  const rows = [...spanRows(spans), ...promiseRows(await settled(scene))]
  const tables = async (): Promise<Record<Table, TableCounts>> => ({
    spans: await countRows(url, 'spans'),
    results: await countRows(url, 'results'),
  })
  const before = await tables()
  for (const table of ['spans', 'results'] as const) await mergeAll(url, table)
  return [...rows, ...tableRows(before, await tables())]
}

/** The last count, for as long as more of what was promised is kept. */
async function settled({ system, stimuli, patience }: Scene): Promise<PromiseCounts> {
  let counts = await countPromises(system, stimuli.promised)
  const left = async (): Promise<number> => {
    counts = await countPromises(system, stimuli.promised)
    return counts.runsLost.length + counts.alertsMissed.length
  }
  await untilNothingLeft({ ...patience, stallMs: patience.stallMs / 2 }, left, PROMISES_EVERY_MS)
  return counts
}
