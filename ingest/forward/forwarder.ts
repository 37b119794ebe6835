/**
 * The forwarder: an agent beside the workload that takes what the gateway takes, acknowledges it once it is on disk, and delivers it to the
 * collector however long that takes. Its receivers are the gateway's own; the disk buffer stands where the gateway has its log.
 */
import { DEFAULT_TENANT } from '../../storage/access/principal.ts'
import { openDataFolder } from '../../storage/data-folder.ts'
import type { Durability } from '../../storage/log/embedded/sqlite.ts'
import { LogError, type RecordToAppend } from '../../storage/log/port.ts'
import { createGateway, type Gateway, type Payload, type Taken } from '../gateway.ts'
import { Breaker } from '../guard/breaker.ts'
import { busy, refusalOfBody } from '../refusals.ts'
import { DEFAULT_REQUEST_BYTES } from './bounds.ts'
import { openBufferFile, spansOf, WAITING } from './buffer-file.ts'
import { Courier, type CourierStats, LOGS_HEADER } from './courier.ts'
import { type BufferStats, DiskBuffer, type WhenFull } from './disk-buffer.ts'
import { type ReduceOptions, Reducer, type ReduceStats } from './reduce/reduce.ts'
import type { Sender } from './sender.ts'
import { SetAside, type SetAsideStats } from './set-aside.ts'

export interface ForwarderOptions {
  folder: string
  /** Of all of the folder's files. */
  diskBytes: number
  /** Of a request, as sent and inflated; of one in JSON half of it. On its way to the disk it is in memory about seven times. */
  maxRequestBytes?: number
  whenFull: WhenFull
  durability: Durability
  reduce: ReduceOptions
  sender: Sender
  /** Tries what was set aside once more. */
  resend: boolean
  nowMs: () => number
  random: () => number
  pause: (delayMs: number, signal: AbortSignal) => Promise<void>
  /** A line for whoever operates it. */
  onChange: (text: string) => void
}

export interface ForwarderStats {
  /** Since the start; what lies on disk may be of before. */
  readonly acceptedSpans: number
  readonly droppedSpans: { readonly buffer_full: number }
  /** What was left out on purpose. */
  readonly reduced: ReduceStats
  readonly delivery: CourierStats
  readonly setAside: SetAsideStats
  readonly buffer: BufferStats
}

export interface Forwarder {
  /** For the listeners. */
  readonly gateway: Gateway
  stats(): ForwarderStats
  /** Once the listeners are closed: delivers what it can in this time. What is left stays on disk for the next start. */
  stop(limitMs: number): Promise<void>
}

/** Bodies at hand, as sent and inflated: so many times what one may have; what comes on top is asked to come again in a second. */
const HELD_REQUESTS = 1.5
/** Of JSON, of what one may have: what is parsed becomes objects of several times its size. */
const JSON_RATIO = 0.5

/** Rejects with `LogError` when the folder or the file in it cannot be had. */
export async function openForwarder(options: ForwarderOptions): Promise<Forwarder> {
  const { nowMs, onChange, maxRequestBytes = DEFAULT_REQUEST_BYTES } = options
  const maxJsonBytes = JSON_RATIO * maxRequestBytes
  const opened = openDataFolder(options.folder)
  if (!opened.ok) throw new LogError(opened.code === 'in_use' ? 'locked' : 'io', opened.message)
  const { folder } = opened
  const file = openOrClose(() => openBufferFile(folder.path, options.diskBytes, options.durability), folder.close)
  let dropped = 0
  const buffer = new DiskBuffer(file, {
    whenFull: options.whenFull,
    nowMs,
    onDropped: (spanCount) => {
      if (dropped === 0) onChange('the buffer is full: the oldest spans are dropped')
      dropped += spanCount
    },
  })
  const setAside = new SetAside(file, nowMs)
  if (options.resend) {
    const spans = await setAside.giveBack(async ({ value, spanCount }) => {
      await buffer.append([{ key: null, value, headers: { spans: String(spanCount) } }])
    })
    onChange(`${spans} spans that were set aside are tried once more`)
  }
  const { sender, random, pause } = options
  const courier = new Courier({ buffer, sender, setAside, nowMs, random, pause, onChange })
  const reducer = new Reducer(options.reduce, nowMs)
  const gateway = createGateway({
    log: { append: (_, records) => buffer.append(reduced(records, reducer)), partitionFor: () => WAITING },
    // Whose spans they are is told by the forwarder's own key, at the collector.
    gate: () => ({ ok: true, principal: { tenant: DEFAULT_TENANT, role: 'anyone', keyId: null } }),
    nowMs,
    maxHeldBytes: HELD_REQUESTS * maxRequestBytes,
    maxBodyBytes: maxRequestBytes,
    // All its spans are one tenant's.
    mostOfFree: Number.POSITIVE_INFINITY,
    // A full buffer has room again with the next delivery.
    breaker: new Breaker(nowMs, { longestOpenMs: 1_000 }),
  })
  const stats = (): ForwarderStats => ({
    acceptedSpans: gateway.stats().acceptedSpans,
    droppedSpans: { buffer_full: dropped },
    reduced: { ...reducer.stats },
    delivery: courier.stats(),
    setAside: setAside.stats(),
    buffer: buffer.stats(),
  })
  return {
    gateway: {
      ...gateway,
      take: async (payload, heldBytes) => {
        if (payload.encoding === 'protobuf' || payload.bytes.length <= maxJsonBytes) {
          const taken = await gateway.take(payload, heldBytes)
          return payload.endpoint === 'logs' ? keepLogs(payload, taken, buffer) : taken
        }
        gateway.counters.rejected.too_large++
        return { ok: false, rejection: refusalOfBody('too_large', maxJsonBytes) }
      },
      stats: () => ({ ...gateway.stats(), service: 'assay forward', forward: stats() }),
    },
    stats,
    stop: async (limitMs) => {
      await courier.stop(limitMs)
      sender.close()
      buffer.flush()
      file.close()
      folder.close()
    },
  }
}

/** Messages that were sent apart from their spans are joined to them at the collector, which is to have the log records as they were. */
async function keepLogs({ bytes, encoding }: Payload, taken: Taken, buffer: DiskBuffer): Promise<Taken> {
  if (!taken.ok || taken.messageCount === 0) return taken
  try {
    await buffer.append([{ key: null, value: bytes, headers: { [LOGS_HEADER]: encoding } }])
    return taken
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    return { ok: false, rejection: busy('log_unavailable', `${error.message}; nothing was kept`, 30) }
  }
}

/** Of the spans to be kept. What the gateway makes of log records is left to the collector. */
function reduced(records: readonly RecordToAppend[], reducer: Reducer): RecordToAppend[] {
  return records.flatMap((record): RecordToAppend[] => {
    if (record.headers?.spans === undefined) return []
    const { value, spanCount } = reducer.reduce(record.value, spansOf(record.headers ?? {}))
    return value === null ? [] : [{ ...record, value, headers: { ...record.headers, spans: String(spanCount) } }]
  })
}

function openOrClose<T>(open: () => T, close: () => void): T {
  try {
    return open()
  } catch (error) {
    close()
    throw error
  }
}
