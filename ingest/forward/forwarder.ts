/**
 * The forwarder: an agent beside the workload that takes what the gateway takes, acknowledges it once it is on disk, and delivers it to the
 * collector however long that takes. Its receivers are the gateway's own; the disk buffer stands where the gateway has its log.
 */
import { DEFAULT_TENANT } from '../../storage/access/principal.ts'
import { openDataFolder } from '../../storage/data-folder.ts'
import type { Durability } from '../../storage/log/embedded/sqlite.ts'
import { LogError } from '../../storage/log/port.ts'
import { createGateway, type Gateway } from '../gateway.ts'
import { Breaker } from '../guard/breaker.ts'
import { openBufferFile } from './buffer-file.ts'
import { Courier, type CourierStats } from './courier.ts'
import { type BufferStats, DiskBuffer, type WhenFull } from './disk-buffer.ts'
import type { Sender } from './sender.ts'
import { SetAside, type SetAsideStats } from './set-aside.ts'

export interface ForwarderOptions {
  folder: string
  /** Of all of the folder's files. */
  diskBytes: number
  whenFull: WhenFull
  durability: Durability
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

/** Bodies at hand, as sent and inflated; what comes on top is asked to come again in a second. */
const MAX_HELD_BYTES = 24 << 20

/** Rejects with `LogError` when the folder or the file in it cannot be had. */
export async function openForwarder(options: ForwarderOptions): Promise<Forwarder> {
  const { nowMs, onChange } = options
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
      await buffer.append('', [{ key: null, value, headers: { spans: String(spanCount) } }])
    })
    onChange(`${spans} spans that were set aside are tried once more`)
  }
  const { sender, random, pause } = options
  const courier = new Courier({ buffer, sender, setAside, nowMs, random, pause, onChange })
  const gateway = createGateway({
    log: buffer,
    // Whose spans they are is told by the forwarder's own key, at the collector.
    gate: () => ({ ok: true, principal: { tenant: DEFAULT_TENANT, role: 'anyone', keyId: null } }),
    nowMs,
    maxHeldBytes: MAX_HELD_BYTES,
    // A full buffer has room again with the next delivery.
    breaker: new Breaker(nowMs, { longestOpenMs: 1_000 }),
  })
  const stats = (): ForwarderStats => ({
    acceptedSpans: gateway.stats().acceptedSpans,
    droppedSpans: { buffer_full: dropped },
    delivery: courier.stats(),
    setAside: setAside.stats(),
    buffer: buffer.stats(),
  })
  return {
    gateway: { ...gateway, stats: () => ({ ...gateway.stats(), service: 'assay forward', forward: stats() }) },
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

function openOrClose<T>(open: () => T, close: () => void): T {
  try {
    return open()
  } catch (error) {
    close()
    throw error
  }
}
