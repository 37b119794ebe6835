/** What is killed and when, from a seed alone: a schedule that broke a promise can be run again. */
import { FAULT_POINTS, type FaultPoint } from '../../storage/fault-point.ts'
import { Random } from '../simulation/random.ts'

/** What an orchestrator would run: each a process of its own, or several. */
export const ROLES = ['gateway', 'trans-evaluate', 'trans-store', 'alerts', 'scheduler', 'worker', 'api'] as const
export type Role = (typeof ROLES)[number]
export const ENGINES = ['kafka', 'clickhouse', 'redis'] as const
export type Engine = (typeof ENGINES)[number]

const ROLE_OF_POINT: Readonly<Record<string, Role>> = {
  gateway: 'gateway',
  evaluate: 'trans-evaluate',
  store: 'trans-store',
  alerts: 'alerts',
  manager: 'alerts',
  offline: 'worker',
  scheduler: 'scheduler',
  definitions: 'api',
}

export function roleOf(point: FaultPoint): Role {
  const role = ROLE_OF_POINT[point.slice(0, point.indexOf('.'))]
  if (role === undefined) throw new Error(`no role passes ${point}`)
  return role
}

/** `count`: at which time of passing it the process dies. */
export interface PointKill {
  readonly point: FaultPoint
  readonly count: number
}

/** Due when so many spans are acknowledged: spread over the load, however fast that goes. */
export type Entry =
  | { readonly kind: 'random'; readonly atSpans: number; readonly victim: Role | Engine; readonly which: number }
  /** A process of the point's role is started anew, to die there. */
  | ({ readonly kind: 'point'; readonly atSpans: number } & PointKill)

/** How often each is drawn. What all others stand on is killed more rarely, for it takes longest to come back. */
const WEIGHTS: Readonly<Record<Role | Engine, number>> = {
  gateway: 6,
  'trans-evaluate': 6,
  'trans-store': 6,
  alerts: 4,
  worker: 3,
  api: 2,
  scheduler: 1,
  kafka: 1,
  clickhouse: 3,
  redis: 2,
}
const URN = Object.entries(WEIGHTS).flatMap(([victim, weight]) => Array<Role | Engine>(weight).fill(victim as Role))
const POINTS = Object.keys(FAULT_POINTS) as FaultPoint[]

/** The first time is when a process has just begun; later ones are in the middle of its work. Rare events are met once. */
const MANY_TIMES: readonly Role[] = ['gateway', 'trans-evaluate', 'trans-store']

export interface ScheduleOptions {
  readonly seed: number
  readonly spans: number
  readonly kills: number
}

/** To die at a point a process has to be started anew, for which another is killed first. */
const roundsOf = (kills: number): number => Math.floor(kills / 3 / POINTS.length)

/** With few kills, each point is met once, by the first lives. */
export const isFromTheStart = (kills: number): boolean => roundsOf(kills) === 0

/** In the order in which they are due. With few kills, each point once and from the first moment on. */
export function makeSchedule({ seed, spans, kills }: ScheduleOptions): Entry[] {
  const random = new Random(seed)
  const rounds = roundsOf(kills)
  const entries: Entry[] = []
  const points = Array.from({ length: Math.max(1, rounds) }, () => random.shuffled(POINTS)).flat()
  for (const [index, point] of points.entries()) {
    const atSpans = rounds === 0 ? 0 : Math.floor(((index + 0.5) / points.length) * 0.92 * spans)
    const count = rounds > 0 && MANY_TIMES.includes(roleOf(point)) ? random.int(1, 20) : 1
    entries.push({ kind: 'point', atSpans, point, count })
  }
  const others = kills - points.length * (rounds === 0 ? 1 : 2)
  // Every engine dies, however few the kills are.
  const victims = [...ENGINES, ...Array.from({ length: Math.max(0, others - ENGINES.length) }, () => random.pick(URN))]
  for (const victim of victims.slice(0, Math.max(0, others))) {
    const atSpans = Math.floor((0.02 + 0.9 * random.next()) * spans)
    entries.push({ kind: 'random', atSpans, victim, which: random.int(0, 1_000) })
  }
  return entries.sort((a, b) => a.atSpans - b.atSpans)
}

/** Further ones, at random: who, and which of its processes. */
export function victimsOf(seed: number): () => [Role | Engine, number] {
  const random = new Random(seed ^ 0x5eed)
  return () => [random.pick(URN), random.int(0, 1_000)]
}
