/**
 * Partitions whose next batch cannot be read. They are told, and read again every so often, for mostly another replica has it whole; the
 * other partitions go on. None is passed over but by an operator's word (`assay dlq skip`).
 */
import { messageOf } from '../../../engine/message-of.ts'
import type { UnreadableRange } from '../port.ts'
import type { PartitionBuffer, PartitionBuffers } from './partition-buffers.ts'
import { partitionName } from './partition-buffers.ts'

const RETRY_MS = 10_000
/** As long as it stands in the way. */
const TELL_AGAIN_MS = 600_000

export interface ObstaclesOptions {
  readonly groupId: string
  readonly buffers: PartitionBuffers
  /** Whether an operator let them go. */
  readonly isSkipped: (range: UnreadableRange) => Promise<boolean>
  /** A line for the operator. */
  readonly onProblem: (text: string) => void
  /** Milliseconds of a clock that never steps. */
  readonly monotonicMs: () => number
  /** A partition may be read on. */
  readonly onChange: () => void
}

interface Obstacle {
  readonly from: number
  toldAtMs: number
  lookAtMs: number
}

export class Obstacles {
  readonly #options: ObstaclesOptions
  readonly #known = new Map<string, Obstacle>()
  readonly #looking = new Set<string>()

  constructor(options: ObstaclesOptions) {
    this.#options = options
  }

  /** To be called often; costs nothing while everything can be read. */
  look(): void {
    const { buffers, monotonicMs } = this.#options
    for (const buffer of buffers.blocked()) {
      const name = partitionName(buffer)
      const nowMs = monotonicMs()
      const known = this.#known.get(name)
      if (this.#looking.has(name) || (known?.from === buffer.unreadable?.range.from && nowMs < (known?.lookAtMs ?? 0)))
        continue
      this.#looking.add(name)
      void this.#lookAt(buffer, name).finally(() => this.#looking.delete(name))
    }
  }

  async #lookAt(buffer: PartitionBuffer, name: string): Promise<void> {
    const { groupId, buffers, isSkipped, onProblem, monotonicMs, onChange } = this.#options
    const { unreadable, epoch } = buffer
    if (unreadable === null) return
    const { range, message } = unreadable
    let isLetGo = false
    try {
      isLetGo = await isSkipped(range)
    } catch (error) {
      onProblem(`whether ${placeOf(range)} may be passed over cannot be found out: ${messageOf(error)}`)
    }
    const nowMs = monotonicMs()
    const known = this.#known.get(name)
    const isKnown = known?.from === range.from
    if (isLetGo) {
      this.#known.delete(name)
      if (buffer.unreadable !== unreadable || buffer.epoch !== epoch) return
      onProblem(`group ${groupId} goes on behind ${placeOf(range)}, as assay dlq skip told it: ${message}`)
      buffers.passOver(buffer)
      onChange()
      return
    }
    const isTold = isKnown && nowMs - known.toldAtMs < TELL_AGAIN_MS
    if (!isTold) onProblem(`group ${groupId} waits: ${message}. ${WHAT_TO_DO(range)}`)
    this.#known.set(name, {
      from: range.from,
      toldAtMs: isTold ? known.toldAtMs : nowMs,
      lookAtMs: nowMs + RETRY_MS,
    })
    // The first time it has just been read.
    if (isKnown && buffer.unreadable === unreadable && buffer.epoch === epoch) {
      buffers.readAgain(buffer)
      onChange()
    }
  }
}

export const placeOf = ({ topic, partition, from }: UnreadableRange): string => `${topic}/${partition}/${from}`

export const WHAT_TO_DO = (range: UnreadableRange): string =>
  `Other partitions go on, and it is read again every ${RETRY_MS / 1_000} s: let a broker lead whose replica is whole (docs/operations/runbooks.md); if none is, assay dlq skip ${placeOf(range)} puts these records aside for good`
