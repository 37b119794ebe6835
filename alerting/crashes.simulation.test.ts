/**
 * Thousands of lives of an evaluator: records come twice and late, clocks jump, it dies before, between and after its writes, and goes on
 * from what was written. Whatever happens, others hear what they would have heard of one that never died.
 */
import { expect, test } from 'vitest'
import { minute, ns, when } from '../engine/alerting/alert-fixture.ts'
import { alertGroupsToJson, parseAlertGroups } from '../engine/alerting/groups-json.ts'
import type { RunAlert } from '../engine/alerting/run-alert.ts'
import { encodeResults } from '../engine/codec/results.ts'
import { makeResult } from '../engine/model/make-result.ts'
import type { LogRecord } from '../storage/log/port.ts'
import { EVAL_RESULTS } from '../storage/log/topics.ts'
import { Random } from '../test/simulation/random.ts'
import { alertOf, planOf, traceId } from '../test/support/alert-bench.ts'
import { AlertBook, type AlertCounts } from './alert-book.ts'
import type { Checkpoint } from './checkpoint.ts'

/** With those of `test/simulation/evaluators` two thousand. */
const SEEDS = 1_800
const T0_MS = 1_800_000_000_000
const hour = 60 * minute

const quick: RunAlert[] = [
  alertOf({ id: 'shop/leak', when: when('count', 'fail', '>=', 2) }),
  alertOf({ id: 'shop/rate', when: when('rate', 'fail', '>', 0.5, 5), forNs: ns(3 * minute), noData: { kind: 'ok' } }),
  alertOf({
    id: 'shop/versions',
    by: [{ kind: 'field', path: 'agent.version' }],
    when: when('count', 'fail', '>=', 2),
  }),
]
const onChange = alertOf({
  id: 'shop/worse',
  by: [{ kind: 'field', path: 'agent.version' }],
  when: {
    kind: 'regression',
    measure: { kind: 'rate', verdict: 'pass', type: { kind: 'ratio' } },
    worse: 'lower',
    by: { kind: 'absolute', value: 0.02 },
    referenceNs: ns(24 * hour),
  },
  falseAlarms: { ratio: 0.05, perNs: ns(30 * 24 * hour), shared: false },
})

/** Records in the order of the log; some subjects again, some with a later revision, some of a log whose clock went back. */
function stream(random: Random, count: number, gapMs: number, size: number, failsFrom: number): LogRecord[] {
  let appendTimeMs = T0_MS
  return Array.from({ length: count }, (_, offset) => {
    appendTimeMs += random.chance(0.03) ? -random.int(0, minute) : random.int(1, gapMs)
    const results = Array.from({ length: size }, (_, i) =>
      makeResult({
        evalId: 'shop/no_pii',
        traceId: traceId(random.chance(0.15) ? random.int(0, offset * size + i) : offset * size + i),
        revision: random.chance(0.1) ? 2 : 1,
        verdict: random.chance(offset >= failsFrom ? 0.7 : 0.1) ? 'fail' : 'pass',
        agentVersion: offset >= failsFrom ? '2' : '1',
      }),
    )
    return {
      topic: EVAL_RESULTS,
      partition: 0,
      offset,
      key: 'default/shop/no_pii',
      value: encodeResults(results),
      headers: { tenant: 'default', eval: 'shop/no_pii' },
      appendTimeMs,
      timestampMs: appendTimeMs,
    } as LogRecord
  })
}

interface Written {
  transitions: Map<string, { to: string; from: string; atMs: number }>
  /** Ids in the order in which they were told first. */
  notified: string[]
  checkpoints: Map<string, string>
  committed: number
}

const nothing = (): Written => ({ transitions: new Map(), notified: [], checkpoints: new Map(), committed: 0 })

const counts = (): AlertCounts => ({ records: 0, skipped: 0, observations: 0, stale: 0, unreadable: 0, transitions: 0 })

/** A new life, from what was written. */
function begin(
  alerts: readonly RunAlert[],
  written: Written,
  nowMs: number,
): { book: AlertBook; positions: Map<number, number> } {
  const positions = new Map([[0, written.committed]])
  const checkpoints = new Map(
    [...written.checkpoints].map(([id, text]): [string, Checkpoint] => {
      const { state, ...rest } = JSON.parse(text) as Omit<Checkpoint, 'state'> & { state: unknown }
      const parsed = parseAlertGroups(state)
      if (!parsed.ok) throw new Error(parsed.message)
      return [id, { ...rest, state: parsed.state }]
    }),
  )
  const options = {
    tenant: 'default',
    positions,
    counts: counts(),
    partitionOf: () => 0,
    countStale: false,
    judgeOf: () => null,
    commitOf: () => null,
  }
  const book = new AlertBook(options, checkpoints)
  book.setPlan(planOf(...alerts), nowMs)
  return { book, positions }
}

/** As the evaluator writes: transitions, notifications, checkpoints, the offset. It may die after any of them; false: it did. */
function write(book: AlertBook, written: Written, position: number, steps: number): boolean {
  const { transitions, notifications, checkpoints } = book.takeOutput()
  if (steps < 1) return false
  for (const { id, to, from, atMs } of transitions) {
    const before = written.transitions.get(id)
    // What is said again after a death is what was said before it.
    if (before !== undefined) expect({ id, to, atMs }).toEqual({ id, to: before.to, atMs: before.atMs })
    written.transitions.set(id, { to, from, atMs })
  }
  if (steps < 2) return false
  for (const { id } of notifications) if (!written.notified.includes(id)) written.notified.push(id)
  if (steps < 3) return false
  for (const checkpoint of checkpoints)
    written.checkpoints.set(
      checkpoint.alert.id,
      JSON.stringify({ ...checkpoint, state: alertGroupsToJson(checkpoint.state) }),
    )
  if (steps < 4) return false
  written.committed = position
  return true
}

function live(alerts: readonly RunAlert[], records: readonly LogRecord[], deaths: Random | null): Written {
  const written = nothing()
  let { book, positions } = begin(alerts, written, T0_MS)
  write(book, written, 0, 4)
  const endMs = Math.max(...records.map(({ appendTimeMs }) => appendTimeMs)) + 2 * hour
  for (let next = 0; ; ) {
    const record = records[next]
    if (record !== undefined) {
      book.takeRecord(record)
      next++
      positions.set(0, next)
      // Time decides where the log is known to be empty until then, as of a clock that may have jumped.
      const following = records[next]?.appendTimeMs ?? Number.POSITIVE_INFINITY
      if (deaths?.chance(0.3))
        book.advance(0, Math.min(record.appendTimeMs + deaths.int(-minute, minute), following - 1))
    } else book.advance(0, endMs)
    const dies = deaths?.chance(0.15) === true
    if (dies || record === undefined || deaths?.chance(0.5)) {
      const isWhole = write(book, written, next, dies ? deaths!.int(0, 4) : 4)
      if (record === undefined && isWhole && !dies) return written
      if (dies) {
        ;({ book, positions } = begin(alerts, written, T0_MS + deaths!.int(-hour, hour)))
        next = written.committed
      }
    }
  }
}

function agrees(alerts: readonly RunAlert[], records: readonly LogRecord[], seed: number): void {
  const undisturbed = live(alerts, records, null)
  const disturbed = live(alerts, records, new Random(seed ^ 0x5bd1e995))
  const said = (written: Written) => [...written.transitions].sort(([a], [b]) => (a < b ? -1 : 1))
  expect(said(disturbed), `seed ${seed}`).toEqual(said(undisturbed))
  expect(disturbed.notified.toSorted(), `seed ${seed}`).toEqual(undisturbed.notified.toSorted())
  // Of no incident is the end told before its beginning.
  for (const [i, id] of disturbed.notified.entries())
    if (id.includes('/resolved/'))
      expect(disturbed.notified.indexOf(id.replace('/resolved/', '/firing/'))).toBeLessThan(i)
}

test(`${SEEDS} lives with thresholds and groups`, { timeout: 120_000 }, () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = new Random(seed)
    agrees(quick, stream(random, random.int(3, 16), 4 * minute, random.int(1, 3), random.int(0, 10)), seed)
  }
})

test('lives with an alert on a change, through a bad deploy', { timeout: 120_000 }, () => {
  let fired = 0
  for (let seed = 0; seed < 25; seed++) {
    const records = stream(new Random(seed), 130, hour, 12, 80)
    agrees([onChange], records, seed)
    for (const { to } of live([onChange], records, null).transitions.values()) if (to === 'firing') fired++
  }
  expect(fired).toBeGreaterThan(15)
})
