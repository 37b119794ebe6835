/**
 * Lanes on the compacted topic `alert-state`. Each owner writes with a higher epoch than the one before: what a process still writes that does
 * not know yet that it is the owner no more is known by its epoch, and left out by whoever reads. The epoch is where the log put the owner's
 * first record: no two have the same, and a later one is higher.
 */
import { z } from 'zod'
import { alertTransitionSchema } from '../../engine/alerting/transition-json.ts'
import type { Log, RecordToAppend } from '../../storage/log/port.ts'
import { ALERT_STATE } from '../../storage/log/topics.ts'
import { notificationSchema, type Route, routeName, routeSchema } from '../notification.ts'
import type { Lane } from './lane.ts'

const incidentSchema = z.object({
  key: z.string(),
  transition: alertTransitionSchema,
  end: alertTransitionSchema.nullable(),
  routes: z.array(routeSchema),
  told: z.enum(['nothing', 'firing']),
  isDue: z.boolean(),
  toldAtMs: z.number().nullable(),
  acknowledgedAtMs: z.number().nullable(),
  sinceMs: z.number(),
  escalated: z.array(z.string()),
  isForwarded: z.boolean(),
})

const laneSchema = z.object({
  tenant: z.string(),
  route: routeSchema,
  nextOffset: z.number(),
  incidents: z.array(incidentSchema),
  groups: z.record(z.string(), z.object({ ref: z.string().nullable(), firingToldMs: z.number() })),
  others: z.array(notificationSchema),
  failing: z.object({ sinceMs: z.number(), count: z.number(), lastMs: z.number(), nextTryMs: z.number() }).nullable(),
})

const recordSchema = z.object({ kind: z.literal('lane'), epoch: z.number(), lane: laneSchema })

const KEY_PREFIX = 'manager/lane/'
const EPOCH_KEY = 'manager/epoch'
const READ_RECORDS = 10_000
const READ_BYTES = 8 << 20

export const laneName = (tenant: string, route: Route): string => `${tenant}/${routeName(route)}`

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** No header names the tenant: those of the topic that have one are the evaluator's. */
export function laneRecord(lane: Lane, epoch: number): RecordToAppend {
  const value = encoder.encode(JSON.stringify({ kind: 'lane', epoch, lane }))
  return { key: KEY_PREFIX + laneName(lane.tenant, lane.route), value }
}

/** Begins the epoch of a new owner. */
export async function beginEpoch(log: Log): Promise<number> {
  const [position] = await log.append(ALERT_STATE, [{ key: EPOCH_KEY, value: encoder.encode('{"kind":"epoch"}') }])
  return position!.offset
}

/** By name. One that can't be read starts anew, and `onProblem` hears of it. */
export async function loadLanes(log: Log, onProblem: (text: string) => void): Promise<ReadonlyMap<string, Lane>> {
  const found = new Map<string, { epoch: number; lane: Lane }>()
  for (const { partition, start, end } of await log.endOffsets(ALERT_STATE)) {
    for (let offset = start; offset < end; ) {
      const records = await log.read(ALERT_STATE, partition, offset, READ_RECORDS, READ_BYTES)
      for (const { key, value } of records) {
        if (key === null || !key.startsWith(KEY_PREFIX)) continue
        const parsed = parse(value)
        if (parsed === null) {
          onProblem(`alert-state: ${key} cannot be read: what it was still to tell may be missing`)
          continue
        }
        const known = found.get(key)
        if (known === undefined || parsed.epoch >= known.epoch) found.set(key, parsed)
      }
      if (records.length === 0) break
      offset = records.at(-1)!.offset + 1
    }
  }
  return new Map([...found.values()].map(({ lane }) => [laneName(lane.tenant, lane.route), lane]))
}

function parse(value: Uint8Array): { epoch: number; lane: Lane } | null {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(decoder.decode(value)))
    if (!parsed.success) return null
    const { epoch, lane } = parsed.data
    const others = lane.others.filter((one) => one.kind !== 'alert')
    return { epoch, lane: { ...lane, others } }
  } catch {
    return null
  }
}

/** As a log takes it whose `notifications` is another: nothing in that one is in the lane yet, and its epochs begin anew. */
export function laneFromStart(value: Uint8Array): Uint8Array {
  const parsed = parse(value)
  return parsed === null ? value : laneRecord({ ...parsed.lane, nextOffset: 0 }, -1).value
}
