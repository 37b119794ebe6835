/**
 * Without ClickHouse for a while: spans are taken and judged and alerts hear of it as ever, nothing is put aside, no role takes more memory
 * than it may, and when it is back everything is stored. That each span is there once is counted at the end of the run.
 */
import { ALERT_GROUP } from '../../alerting/evaluator.ts'
import { listDeadLetters } from '../../storage/log/dead-letters.ts'
import { AGENT_TRACES, EVAL_RESULTS } from '../../storage/log/topics.ts'
import { keepSending } from './broker-down.ts'
import { lags } from './drained.ts'
import { memoryOf } from './memory.ts'
import type { Row } from './report.ts'
import type { Scenario, Scene } from './run.ts'
import type { Role } from './schedule.ts'

export const MOST_MB: Partial<Record<Role, number>> = {
  gateway: 256,
  'trans-evaluate': 512,
  'trans-store': 512,
  alerts: 512,
}
/** Records that evaluation or alerts may be behind at any look: open traces hold theirs back for some seconds of this load. */
const MOST_BEHIND = 2_000
const MANY = 100_000
const LOOK_EVERY_MS = 5_000
const CATCH_UP_MS = 600_000

export function storeOutage(downMs: number): Scenario {
  return { name: `no ClickHouse for ${downMs / 1_000} s`, run: (scene) => run(scene, downMs) }
}

async function run({ system, senders, wait }: Scene, downMs: number): Promise<Row[]> {
  const { counts } = senders
  // Those of garbage come by it, not by the outage.
  const letters = async () =>
    (await listDeadLetters(system.log, { state: null, limit: MANY, whose: null })).letters.filter(
      ({ code }) => code !== 'undecodable',
    ).length
  const results = async () => (await system.log.endOffsets(EVAL_RESULTS)).reduce((sum, { end }) => sum + end, 0)
  const before = { spans: counts.acknowledgedSpans, letters: await letters(), results: await results() }
  const behind = new Map<string, number>()
  const peaks = new Map<string, number>()
  await system.takeDown('clickhouse', async () => {
    for (let passedMs = 0; passedMs < downMs; passedMs += LOOK_EVERY_MS) {
      await keepSending(senders, wait, Math.min(LOOK_EVERY_MS, downMs - passedMs))
      for (const [reader, lag] of await lags(system.log)) behind.set(reader, Math.max(behind.get(reader) ?? 0, lag))
    }
  })
  const during = {
    spans: counts.acknowledgedSpans - before.spans,
    letters: (await letters()) - before.letters,
    results: (await results()) - before.results,
  }
  const waiting = (await lags(system.log)).get(`trans-store of ${AGENT_TRACES}`) ?? 0
  const backMs = performance.now()
  await system.recovered()
  while (((await lags(system.log)).get(`trans-store of ${AGENT_TRACES}`) ?? 0) > MOST_BEHIND) {
    if (performance.now() - backMs > CATCH_UP_MS) break
    await wait(500)
  }
  const seconds = (performance.now() - backMs) / 1_000
  const left = (await lags(system.log)).get(`trans-store of ${AGENT_TRACES}`) ?? 0
  for (const { name, role, pid } of system.processes) {
    const memory = memoryOf(pid)
    if (MOST_MB[role] !== undefined && memory !== null) peaks.set(name, memory.peakMb)
  }
  const most = (reader: string): number => behind.get(reader) ?? 0
  const judging = most(`trans-evaluate of ${AGENT_TRACES}`)
  const alerting = most(`${ALERT_GROUP} of ${EVAL_RESULTS}`)
  return [
    {
      what: `no ClickHouse for ${downMs / 1_000} s: spans acknowledged meanwhile`,
      found: during.spans.toLocaleString('en-GB'),
      isKept: during.spans > 0,
    },
    { what: '  records of verdicts meanwhile', found: String(during.results), isKept: during.results > 0 },
    {
      what: '  records that evaluation was behind at the most',
      found: String(judging),
      isKept: judging <= MOST_BEHIND,
    },
    { what: '  records that alerts were behind at the most', found: String(alerting), isKept: alerting <= MOST_BEHIND },
    { what: '  dead letters meanwhile', found: String(during.letters), isKept: during.letters === 0 },
    {
      what: '  records that waited in the log, and how soon they were stored',
      found: `${waiting.toLocaleString('en-GB')} in ${seconds.toFixed(0)} s`,
      isKept: left <= MOST_BEHIND,
    },
    ...system.processes.flatMap(({ name, role }) => {
      const peakMb = peaks.get(name)
      const mostMb = MOST_MB[role]
      if (peakMb === undefined || mostMb === undefined) return []
      return [{ what: `  memory of ${name} at its peak`, found: `${peakMb.toFixed(0)} MB`, isKept: peakMb <= mostMb }]
    }),
  ]
}
