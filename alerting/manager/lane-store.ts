/**
 * Lanes on the compacted topic `alert-state`: a head for each, and a record for each thing that it holds, so that a message costs what it
 * changed, however much waits, and no record outgrows what a log takes. Things have slots, which are used again.
 *
 * Each owner writes with a higher epoch than the one before: what a process still writes that does not know yet that it is the owner no more
 * is known by its epoch, and left out by whoever reads. The epoch is where the log put the owner's first record: no two have the same.
 *
 * It is an owner only once the log has accepted a commit of it after that record, which it refuses to a member whose generation is over. So
 * the epochs of owners rise in their order, even if one was assigned the lanes and slept until they were another's: it has the higher epoch
 * when it wakes, and no right to write with it.
 *
 * An owner also writes to another space than those before it, so that compaction, which knows no epochs, keeps nothing of an old owner in
 * place of what is the new one's. The commit has the space as its note: the next owner takes the next one, whether or not anything was
 * written to this one yet.
 */
import { z } from 'zod'
import { alertInvestigationSchema } from '../../engine/alerting/investigation/investigation.ts'
import { alertTransitionSchema } from '../../engine/alerting/transition-json.ts'
import type { Log, RecordToAppend } from '../../storage/log/port.ts'
import { ALERT_STATE } from '../../storage/log/topics.ts'
import { notificationSchema, type Route, routeName, routeSchema } from '../notification.ts'
import { emptyLane, type Lane } from './lane.ts'

const incidentSchema = z.object({
  key: z.string(),
  transition: alertTransitionSchema,
  end: alertTransitionSchema.nullable(),
  routes: z.array(routeSchema),
  told: z.enum(['nothing', 'firing']),
  isPrinted: z.boolean().default(false),
  isDue: z.boolean(),
  toldAtMs: z.number().nullable(),
  givenUpAtMs: z.number().nullable(),
  acknowledgedAtMs: z.number().nullable(),
  sinceMs: z.number(),
  escalated: z.array(z.string()),
  isForwarded: z.boolean(),
  investigation: alertInvestigationSchema.nullable().default(null),
  isInvestigationTold: z.boolean().default(false),
})

const failingSchema = z.object({
  sinceMs: z.number(),
  count: z.number(),
  lastMs: z.number(),
  nextTryMs: z.number(),
  groups: z.array(z.string()),
  isTold: z.boolean(),
})

const headSchema = z.object({
  tenant: z.string(),
  route: routeSchema,
  nextOffset: z.number(),
  isBehind: z.boolean(),
  failing: failingSchema.nullable(),
  stuck: z.record(z.string(), failingSchema),
})

const thingSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('incident'), incident: incidentSchema }),
  z.object({ kind: z.literal('other'), other: notificationSchema }),
  z.object({
    kind: z.literal('group'),
    name: z.string(),
    group: z.object({ ref: z.string().nullable(), firingToldMs: z.number() }),
  }),
])

const recordSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('lane'), epoch: z.number(), lane: headSchema }),
  /** `at`: the order of things. */
  z.object({ kind: z.literal('thing'), epoch: z.number(), at: z.number(), thing: thingSchema }),
  z.object({ kind: z.literal('free'), epoch: z.number() }),
])

type LaneRecord = z.infer<typeof recordSchema>

const PREFIX = 'manager/lane/'
const EPOCH_KEY = 'manager/epoch'
/** What an owner still writes that slept through as many others would hit the newest one's. */
const SPACES = 8
const READ_RECORDS = 10_000
const READ_BYTES = 8 << 20

export const laneName = (tenant: string, route: Route): string => `${tenant}/${routeName(route)}`

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** No header names the tenant: those of the topic that have one are the evaluator's. */
const record = (key: string, value: unknown): RecordToAppend => ({ key, value: encoder.encode(JSON.stringify(value)) })

const headKey = (space: number, name: string): string => `${PREFIX}${space}/${name}`
const slotKey = (space: number, name: string, slot: number): string => `${headKey(space, name)}#${slot}`

/** An owner's hold of the topic. */
export interface Tenure {
  readonly epoch: number
  readonly space: number
}

/** One lane as it was written last, and where. */
export class StoredLane {
  readonly #tenure: Tenure
  readonly #slots = new Map<string, { slot: number; at: number; thing: object }>()
  #free: number[] = []
  #slotCount = 0
  #nextAt = 0

  constructor(tenure: Tenure) {
    this.#tenure = tenure
  }

  /** What is to be written for it to be `lane`, which it is from here on. The head comes last: without it nothing is left out. */
  changesTo(lane: Lane): RecordToAppend[] {
    const { epoch, space } = this.#tenure
    const name = laneName(lane.tenant, lane.route)
    const records: RecordToAppend[] = []
    const things = thingsOf(lane)
    for (const [key, { slot }] of this.#slots) {
      if (things.has(key)) continue
      this.#slots.delete(key)
      this.#free.push(slot)
      records.push(record(slotKey(space, name, slot), { kind: 'free', epoch }))
    }
    for (const [key, { thing, value }] of things) {
      const known = this.#slots.get(key)
      if (known?.thing === thing) continue
      const slot = known?.slot ?? this.#free.pop() ?? this.#slotCount++
      const at = known?.at ?? this.#nextAt++
      this.#slots.set(key, { slot, at, thing })
      records.push(record(slotKey(space, name, slot), { kind: 'thing', epoch, at, thing: value }))
    }
    const { incidents: _incidents, others: _others, groups: _groups, ...head } = lane
    return [...records, record(headKey(space, name), { kind: 'lane', epoch, lane: head })]
  }
}

/** By a name of its own; `thing` is another object when it has changed. */
function thingsOf(lane: Lane): Map<string, { thing: object; value: object }> {
  const things = new Map<string, { thing: object; value: object }>()
  for (const incident of lane.incidents)
    things.set(`i ${incident.key}`, { thing: incident, value: { kind: 'incident', incident } })
  for (const other of lane.others) things.set(`o ${other.id}`, { thing: other, value: { kind: 'other', other } })
  for (const [name, group] of Object.entries(lane.groups))
    things.set(`g ${name}`, { thing: group, value: { kind: 'group', name, group } })
  return things
}

/** With the commit by which an owner begins, and with each after it. */
export const tenureNote = ({ space }: Tenure): string => `space ${space}`

function spaceNoted(note: string | undefined): number | null {
  const found = /^space (\d+)$/.exec(note ?? '')
  return found === null ? null : Number(found[1])
}

/** Begins the epoch of whoever was assigned the lanes. */
export async function beginEpoch(log: Log): Promise<number> {
  const [position] = await log.append(ALERT_STATE, [record(EPOCH_KEY, { kind: 'epoch' })])
  return position!.offset
}

export interface LoadedLanes {
  readonly lanes: readonly Lane[]
  /** For the owner of `epoch`. */
  readonly tenure: Tenure
  /** What is of no use any more once the lanes are written in the new space. */
  readonly leftovers: readonly RecordToAppend[]
}

/** `note`: that of the owner before. A lane that can't be read starts anew, and `onProblem` hears of it. */
export async function loadLanes(
  log: Log,
  epoch: number,
  note: string | undefined,
  onProblem: (text: string) => void,
): Promise<LoadedLanes> {
  const latest = await readLatest(log, onProblem)
  const heads = new Map<string, { space: number; epoch: number; lane: z.infer<typeof headSchema> }>()
  for (const [key, value] of latest) {
    if (value.kind !== 'lane') continue
    const name = laneName(value.lane.tenant, value.lane.route)
    const known = heads.get(name)
    if (known === undefined || value.epoch >= known.epoch) heads.set(name, { ...value, space: spaceOf(key) })
  }
  const newest = Math.max(-1, ...[...heads.values()].map((head) => head.epoch))
  const [head] = [...heads.values()].filter((one) => one.epoch === newest)
  const spaceBefore = spaceNoted(note) ?? head?.space ?? -1
  const space = (spaceBefore + 1) % SPACES
  const things = thingsByHead(latest)
  return {
    lanes: [...heads].map(([name, found]) =>
      laneOf(
        found.lane,
        (things.get(headKey(found.space, name)) ?? []).filter((one) => one.epoch === found.epoch),
      ),
    ),
    tenure: { epoch, space },
    leftovers: [...latest].flatMap(([key, { kind }]) =>
      kind === 'free' || spaceOf(key) === space ? [] : [record(key, { kind: 'free', epoch })],
    ),
  }
}

type StoredThing = Extract<LaneRecord, { kind: 'thing' }>

function thingsByHead(latest: ReadonlyMap<string, LaneRecord>): Map<string, StoredThing[]> {
  const things = new Map<string, StoredThing[]>()
  for (const [key, value] of latest) {
    if (value.kind !== 'thing') continue
    const head = key.slice(0, key.lastIndexOf('#'))
    const list = things.get(head)
    if (list === undefined) things.set(head, [value])
    else list.push(value)
  }
  return things
}

function laneOf(head: z.infer<typeof headSchema>, things: readonly StoredThing[]): Lane {
  const { tenant, route, ...rest } = head
  const incidents: Lane['incidents'][number][] = []
  const others: Lane['others'][number][] = []
  const groups: Record<string, Lane['groups'][string]> = {}
  for (const { thing } of things.toSorted((a, b) => a.at - b.at)) {
    if (thing.kind === 'incident') incidents.push(thing.incident)
    else if (thing.kind === 'group') groups[thing.name] = thing.group
    else if (thing.other.kind !== 'alert' && thing.other.kind !== 'investigation') others.push(thing.other)
  }
  return { ...emptyLane(tenant, route), ...rest, incidents, others, groups }
}

const spaceOf = (key: string): number => Number(key.slice(PREFIX.length, key.indexOf('/', PREFIX.length)))

/** The last record of each key, of the highest epoch. */
async function readLatest(log: Log, onProblem: (text: string) => void): Promise<Map<string, LaneRecord>> {
  const latest = new Map<string, LaneRecord>()
  for (const { partition, start, end } of await log.endOffsets(ALERT_STATE)) {
    for (let offset = start; offset < end; ) {
      const records = await log.read(ALERT_STATE, partition, offset, READ_RECORDS, READ_BYTES)
      for (const { key, value } of records) {
        if (key === null || !key.startsWith(PREFIX)) continue
        const parsed = parse(value)
        if (parsed === null) {
          onProblem(`alert-state: ${key} cannot be read: what was still to be told of it may be missing`)
          continue
        }
        const known = latest.get(key)
        if (known === undefined || parsed.epoch >= known.epoch) latest.set(key, parsed)
      }
      if (records.length === 0) break
      offset = records.at(-1)!.offset + 1
    }
  }
  return latest
}

function parse(value: Uint8Array): LaneRecord | null {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(decoder.decode(value)))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

/** Below every epoch that a log gives, and in their order. */
const EPOCHS = 2 ** 40

/** As a log takes it whose `notifications` is another: nothing in that one is in the lane yet, and its epochs begin anew. */
export function laneFromStart(value: Uint8Array): Uint8Array {
  const parsed = parse(value)
  if (parsed === null) return value
  const epoch = parsed.epoch - EPOCHS
  const moved =
    parsed.kind === 'lane' ? { ...parsed, lane: { ...parsed.lane, nextOffset: 0, isBehind: false } } : parsed
  return encoder.encode(JSON.stringify({ ...moved, epoch }))
}
