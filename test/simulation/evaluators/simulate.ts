/**
 * Seeds of an afternoon of alert evaluators: kills at any write, members that sleep through a take-over and write when they wake what they were
 * about to write (for a while two believe that they have the partition), a topic that is compacted, and a store that is down while the job of
 * baselines asks it. Whatever happens, what is told is what one tells that nothing ever happens to.
 */
import { minute, ns, when } from '../../../engine/alerting/alert-fixture.ts'
import type { ResultFields } from '../../../engine/model/make-result.ts'
import { ALERT_STATE, ALERTS, NOTIFICATIONS } from '../../../storage/log/topics.ts'
import type { HistoryRow } from '../../../storage/traces/result-history.ts'
import { createBaselines } from '../../../workers/offline/baselines.ts'
import { alertOf, traceId } from '../../support/alert-bench.ts'
import { EvaluatorLab, LAB_BEGINS_MS } from '../../support/evaluator-lab.ts'
import { Random } from '../random.ts'

const HOUR_MS = 60 * minute
const DAYS = 14
/** Of one interruption: what the four alerts may have on their way at once, or say again of the time since the last checkpoint. */
const ON_THEIR_WAY = 12
/** A step's results come in two records. */
const HALF = 6

const alerts = [
  alertOf({ id: 'shop/leak', when: when('count', 'fail', '>=', 6) }),
  alertOf({ id: 'shop/rate', when: when('rate', 'fail', '>', 0.5, 5), forNs: ns(3 * minute), noData: { kind: 'ok' } }),
  alertOf({
    id: 'shop/versions',
    by: [{ kind: 'field', path: 'agent.version' }],
    when: when('count', 'fail', '>=', 4),
  }),
  alertOf({
    id: 'shop/odd',
    measureHash: 'm',
    when: {
      kind: 'anomaly',
      measure: { kind: 'rate', verdict: 'fail', type: { kind: 'ratio' } },
      overNs: ns(HOUR_MS),
      referenceNs: ns(DAYS * 24 * HOUR_MS),
    },
    falseAlarms: { ratio: 0.05, perNs: ns(30 * 24 * HOUR_MS), shared: false },
  }),
]

/** What the store knows of the fortnight before: a tenth fails, a little more or less from hour to hour. */
const fortnight: HistoryRow[] = Array.from({ length: DAYS * 24 }, (_, i) => ({
  startMs: (Math.floor(LAB_BEGINS_MS / HOUR_MS) - DAYS * 24 + i) * HOUR_MS,
  agentName: 'shop',
  env: undefined,
  counts: { pass: 180 + (i % 5), fail: 20 - (i % 5), unknown: 0, error: 0 },
  scores: { count: 0, sum: 0, sumSquares: 0 },
  bins: [],
}))

interface Step {
  gapMs: number
  results: ResultFields[]
}

/** The afternoon, whoever lives through it: well, then a bad deploy, then well again; some subjects come again, some with a later revision. */
function afternoonOf(random: Random): Step[] {
  const steps = random.int(16, 24)
  const badFrom = random.int(3, 12)
  const badTo = badFrom + random.int(2, 9)
  let last = 0
  return Array.from({ length: steps }, (_, step): Step => {
    const isBad = step >= badFrom && step < badTo
    return {
      gapMs: random.chance(0.1) ? random.int(10, 70) * minute : random.int(1, 6 * minute),
      results: Array.from({ length: 2 * HALF }, () => ({
        traceId: traceId(random.chance(0.1) ? random.int(0, last) : ++last),
        revision: random.chance(0.1) ? 2 : 1,
        verdict: random.chance(isBad ? 0.8 : 0.1) ? 'fail' : 'pass',
        agentVersion: isBad ? '2' : '1',
        measureHash: 'm',
      })),
    }
  })
}

interface Told {
  /** Each transition with what it says, once. */
  transitions: string[]
  /** The ids of what is to be delivered, in the order in which they came first. */
  notified: string[]
  extras: number
}

function toldIn({ log }: EvaluatorLab): Told {
  const all = log.records(ALERTS).map(({ value }) => JSON.parse(Buffer.from(value).toString()))
  const transitions = new Set(all.map(({ id, from, to, atMs }) => `${id} ${from}-${to} ${atMs}`))
  const ids = log.records(NOTIFICATIONS).map(({ value }) => String(JSON.parse(Buffer.from(value).toString()).id))
  return { transitions: [...transitions].sort(), notified: [...new Set(ids)], extras: all.length - transitions.size }
}

export interface Outcome {
  /** What was promised and not kept; null if all was. */
  violation: string | null
  /** Transitions that were told again. */
  extras: number
  interruptions: number
  transitions: number
  /** Of these, those of the alert on anomalies. */
  anomalies: number
  /** Times when the job asked a store that was down. */
  outages: number
}

interface Process {
  isAlive: boolean
  waking: PromiseWithResolvers<void> | null
}

/** `faults`: null for the afternoon of one that nothing happens to. */
async function live(
  steps: readonly Step[],
  faults: Random | null,
): Promise<Told & Pick<Outcome, 'interruptions' | 'outages'>> {
  const lab = new EvaluatorLab(...alerts)
  const { log } = lab
  const all: Process[] = []
  let [interruptions, outages] = [0, 0]
  let isFaulty = false
  const chance = (ratio: number): boolean => faults?.chance(ratio) === true
  const start = async (): Promise<void> => {
    const process: Process = { isAlive: true, waking: null }
    all.push(process)
    await lab.start(
      log.client({
        isAlive: () => process.isAlive,
        asleep: () => process.waking?.promise ?? null,
        onWrite: () => {
          if (process.isAlive && isFaulty && chance(0.02)) process.isAlive = false
          return process.isAlive
        },
      }),
    )
  }
  /** All that run fall asleep over their next write, lose the partition, and wake when another has worked. */
  const sleepThroughATakeOver = async (random: Random, { results }: Step): Promise<void> => {
    const sleepers = all.filter(({ isAlive }) => isAlive)
    for (const sleeper of sleepers) sleeper.waking = Promise.withResolvers<void>()
    interruptions += sleepers.length
    // Something to write, and then something that the successor alone knows of.
    lab.append(...results.slice(0, HALF))
    await lab.settle(random.int(3, 8))
    void start()
    for (let left = sleepers.length; left > 0; left--) {
      interruptions++
      await Promise.race([log.expire(chance(0.5)), lab.settle(6)])
    }
    lab.append(...results.slice(HALF))
    await lab.settle(random.int(0, 20))
    for (const sleeper of sleepers) {
      sleeper.waking?.resolve()
      sleeper.waking = null
    }
    await lab.settle(random.int(1, 4))
    if (!random.chance(0.5)) return
    // The successor is gone before it writes anything more.
    interruptions++
    void start()
    await Promise.race([log.expire(), lab.settle(20)])
  }
  const takeOver = async (): Promise<void> => {
    if (log.isWorking() && !chance(0.05)) return
    interruptions++
    void start()
    await Promise.race([log.expire(chance(0.5)), lab.settle(20)])
  }

  let isStoreDown = false
  const build = createBaselines({
    log: log.client({ onWrite: () => true, isAlive: () => true }),
    traces: {
      resultHistory: async (_, { fromMs }) => {
        if (isStoreDown) throw new Error('the store is down')
        return fortnight.filter(({ startMs }) => startMs >= fromMs)
      },
    },
    definitions: lab.definitions,
    nowMs: () => lab.clockMs,
    onProblem: () => outages++,
  })
  await build()
  await start()
  if (faults !== null) void start()
  await lab.settle(12)
  isFaulty = true
  const downFrom = faults?.int(0, steps.length) ?? Number.POSITIVE_INFINITY
  for (const [i, step] of steps.entries()) {
    isStoreDown = i >= downFrom && i < downFrom + 10
    lab.clockMs += step.gapMs
    await build()
    if (faults !== null && chance(0.06)) await sleepThroughATakeOver(faults, step)
    else {
      lab.append(...step.results.slice(0, HALF))
      lab.append(...step.results.slice(HALF))
    }
    await lab.settle(faults?.int(2, 8) ?? 8)
    if (chance(0.3)) log.compact(ALERT_STATE)
    await takeOver()
  }
  isFaulty = false
  for (let turn = 0; turn < 6; turn++) {
    lab.clockMs += HOUR_MS / 2
    // One may have died while it let go, and nobody was told to go on.
    if (!log.isWorking() || (faults !== null && turn === 0)) {
      interruptions++
      void start()
      await Promise.race([log.expire(), lab.settle(12)])
    }
    await lab.settle(12)
  }
  for (const process of all) process.isAlive = false
  return { ...toldIn(lab), interruptions, outages }
}

export async function simulate(seed: number): Promise<Outcome> {
  const steps = afternoonOf(new Random(seed))
  const expected = await live(steps, null)
  const { extras, interruptions, outages, ...told } = await live(steps, new Random(seed ^ 0x5bd1e995))
  const { transitions } = expected
  const anomalies = transitions.filter((id) => id.startsWith('shop/odd')).length
  const counted = { extras, interruptions, outages, transitions: transitions.length, anomalies }
  return { ...counted, violation: violationOf(expected, told, extras - ON_THEIR_WAY * interruptions) }
}

function violationOf(expected: Told, told: Omit<Told, 'extras'>, tooMany: number): string | null {
  const differs = (kind: string, before: readonly string[], now: readonly string[]): string | null => {
    const missed = before.filter((one) => !now.includes(one))
    const strange = now.filter((one) => !before.includes(one))
    return missed.length + strange.length === 0
      ? null
      : `${kind}: missed ${missed.join(', ') || 'none'}; not to be told: ${strange.join(', ') || 'none'}`
  }
  const early = told.notified.find(
    (id, at) => id.includes('/resolved/') && !told.notified.slice(0, at).includes(id.replace('/resolved/', '/firing/')),
  )
  return (
    differs('transitions', expected.transitions, told.transitions) ??
    differs('notifications', expected.notified, told.notified) ??
    (early === undefined ? null : `${early} before its firing`) ??
    (tooMany > 0 ? `${tooMany} more are told again than interruptions explain` : null)
  )
}
