/**
 * Seeds of a day of a manager: two of them, kills at any write and around each request, a member that does not know that it lost the
 * partition (one that sleeps through it, and writes when it wakes what it was about to write), receivers that are down for an hour, that are
 * busy, whose answers are lost, a clock that jumps ahead and back; investigations that come late, twice or never, as of a store that was down,
 * which is all that a manager hears of it; silences and maintenance that begin and end, pages that hold back tickets, groups that wait for
 * company, acknowledgements that run out, and escalation. After the faults everything was told that had to be.
 */
import { startAlertManager } from '../../../alerting/manager.ts'
import { ALERT_STATE } from '../../../storage/log/topics.ts'
import { createMemoryLog } from '../../support/memory-log.ts'
import { Random } from '../random.ts'
import { Network, type SimulatedProcess } from './network.ts'
import { LEAD, violationOf } from './promises.ts'
import { HOUR_MS, routes, World } from './world.ts'

/** A message may be in each of three lanes, with several alerts in one. */
const ON_THEIR_WAY = 3 * 3
const RECEIVERS = [...routes.map(({ receiver }) => receiver), LEAD]
const STEPS = 12
/** One in so many days is steady: nobody dies and no clock jumps, so that what is promised of the order of things can be held to. */
const STEADY = 4

export interface Outcome {
  /** What was promised and not kept; null if all was. */
  violation: string | null
  extras: number
  /** Kills, lost answers and take-overs: each may repeat what was on its way. */
  interruptions: number
}

export async function simulate(seed: number): Promise<Outcome> {
  const random = new Random(seed)
  const chance = (ratio: number): boolean => random.chance(ratio)
  const isSteady = seed % STEADY === 0
  const world = new World(createMemoryLog, random)
  const { log } = world
  const network = new Network(random, world)
  network.isDeadly = !isSteady
  const groupIntervalMs = chance(0.5) ? 0 : 60_000
  const all: SimulatedProcess[] = []

  const start = async (): Promise<void> => {
    const process: SimulatedProcess = { isAlive: true, waking: null }
    all.push(process)
    await startAlertManager({
      log: log.client({
        isAlive: () => process.isAlive,
        asleep: () => process.waking?.promise ?? null,
        onWrite: () => {
          if (process.isAlive && network.isFaulty && network.isDeadly && chance(0.03)) process.isAlive = false
          return process.isAlive
        },
      }),
      receivers: network.receivers(process),
      nowMs: () => world.nowMs(),
      onPrint: () => {},
      timing: { groupIntervalMs },
      rules: [
        {
          match: { severity: 'page', labels: {} },
          during: null,
          afterMs: HOUR_MS / 2,
          notify: [{ receiver: LEAD, target: 'lead' }],
        },
      ],
      sleep: () => new Promise((resolve) => setImmediate(resolve)),
    })
  }
  const downTogether = (): readonly string[] => (chance(0.5) ? RECEIVERS : [random.pick(RECEIVERS)])
  /** What is still to be told, at the most. */
  const waiting = (): number => 2 * world.incidents.length
  const interrupt = (count: number): void => {
    network.interruptions += count
  }
  const settle = async (turns: number): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  /**
   * All that run fall asleep over their next write. Some of them, one after another, get the partition and are taken for dead, even one that is
   * awake, so that a sleeper may have it again when it wakes; and all wake when one that is awake has worked.
   */
  const sleepThroughATakeOver = async (): Promise<void> => {
    const sleepers = all.filter(({ isAlive }) => isAlive)
    for (const sleeper of sleepers) sleeper.waking = Promise.withResolvers<void>()
    // What they were about to keep.
    world.change(false)
    interrupt(sleepers.length * (ON_THEIR_WAY + waiting()))
    await settle(4)
    await Promise.race([start(), settle(4)])
    for (let left = random.int(1, sleepers.length + 2); left > 0; left--) {
      interrupt(2 * ON_THEIR_WAY)
      void log.expire(chance(0.5))
      await settle(random.int(1, 4))
    }
    await settle(random.int(0, 20))
    for (const sleeper of sleepers) {
      sleeper.waking?.resolve()
      sleeper.waking = null
    }
    await settle(3)
    if (chance(0.7)) log.compact(ALERT_STATE)
  }

  /** The one that works dies, or has died, or is taken for dead. */
  const takeOver = async (): Promise<void> => {
    const isDead = !log.isWorking()
    if (!isDead && !chance(0.05)) return
    interrupt(ON_THEIR_WAY)
    // One that lives goes on for a round before it hears of it.
    if (!isDead) interrupt(ON_THEIR_WAY + waiting())
    void start()
    await Promise.race([log.expire(chance(0.5)), settle(20)])
  }

  void start()
  void start()
  await settle(10)
  for (let step = 0; step < STEPS; step++) {
    if (chance(0.1)) world.silence()
    world.change(chance(0.1))
    if (chance(0.15)) world.acknowledge()
    if (chance(0.2)) log.compact(ALERT_STATE)
    if (chance(0.2)) world.investigate(chance(0.2))
    if (chance(0.1)) for (const name of downTogether()) network.downUntilMs.set(name, world.nowMs() + HOUR_MS)
    const doesJump = !isSteady && chance(0.05)
    world.advance(
      doesJump ? random.int(-24 * HOUR_MS, 24 * HOUR_MS) : random.int(0, chance(0.5) ? 60_000 : 20 * 60_000),
    )
    await settle(4)
    if (isSteady) continue
    if (chance(0.05)) await sleepThroughATakeOver()
    await takeOver()
  }
  network.isFaulty = false
  world.advancePastWords()
  for (let turn = 0; turn < 10; turn++) {
    world.advance(HOUR_MS)
    await settle(3)
    if (log.isWorking()) continue
    interrupt(ON_THEIR_WAY)
    await log.expire()
    if (!log.isWorking()) await start()
  }
  for (const process of all) process.isAlive = false

  const { told, interruptions } = network
  const incidentsTold = told.filter(({ event }) => event === 'firing' || event === 'resolved')
  const extras =
    incidentsTold.length - new Set(incidentsTold.map(({ route, event, key }) => `${route} ${event} ${key}`)).size
  const day = { extras, interruptions, isSteady, groupIntervalMs }
  return { violation: violationOf(world, network, day), extras, interruptions }
}
