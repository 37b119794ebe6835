/**
 * The one message of a unary call, within bounds: five bytes say how long it is and whether it is compressed, so what is too large, or more
 * than there is room for, is refused before it is read. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import type { Readable } from 'node:stream'
import type { Holder } from '../body.ts'
import { createGathered, type Gathered } from '../gathered.ts'

export type MessageOutcome =
  | { ok: true; bytes: Buffer; isCompressed: boolean }
  | { ok: false; reason: 'too_large' | 'overloaded' | 'aborted' | 'late' }
  | { ok: false; reason: 'malformed'; message: string }

export interface ReadMessageOptions {
  readonly maxBytes: number
  /** From the head of the call to its last byte. */
  readonly timeoutMs: number
  readonly holder: Holder
  /** Asked once, when the length is known; false: there is no room for it now. */
  readonly letIn: (sizeBytes: number, isCompressed: boolean) => boolean
}

const PREFIX_BYTES = 5
/** A connection may announce many messages at once and send little of each. */
const AT_FIRST_BYTES = 1 << 20

/**
 * The bytes are taken from what the tenant may hold; the caller releases `bytes.length` when it is done with them, this function whatever it
 * did not hand over. After a refusal the rest is not read.
 */
export function readMessage(stream: Readable, options: ReadMessageOptions): Promise<MessageOutcome> {
  const { maxBytes, timeoutMs, holder, letIn } = options
  return new Promise((resolve) => {
    const prefix = Buffer.alloc(PREFIX_BYTES)
    let prefixBytes = 0
    /** Of the message; null until its prefix is whole. */
    let sizeBytes: number | null = null
    let gathered: Gathered = createGathered(0, 0)
    let isDone = false
    const finish = (outcome: MessageOutcome): void => {
      if (isDone) return
      isDone = true
      clearTimeout(timer)
      if (!outcome.ok) {
        holder.release(gathered.sizeBytes)
        gathered.clear()
      }
      resolve(outcome)
    }
    const timer = setTimeout(() => finish({ ok: false, reason: 'late' }), timeoutMs)
    const malformed = (message: string): void => finish({ ok: false, reason: 'malformed', message })
    /** What of a chunk is left after the prefix. */
    const afterPrefix = (chunk: Buffer): Buffer => {
      const ofPrefix = Math.min(PREFIX_BYTES - prefixBytes, chunk.length)
      chunk.copy(prefix, prefixBytes, 0, ofPrefix)
      prefixBytes += ofPrefix
      if (prefixBytes === PREFIX_BYTES) {
        sizeBytes = prefix.readUInt32BE(1)
        if (prefix[0]! > 1) malformed('the message does not begin as messages of gRPC do')
        else if (sizeBytes > maxBytes) finish({ ok: false, reason: 'too_large' })
        else if (!letIn(sizeBytes, prefix[0] === 1)) finish({ ok: false, reason: 'overloaded' })
        else gathered = createGathered(Math.min(sizeBytes, AT_FIRST_BYTES), sizeBytes)
      }
      return chunk.subarray(ofPrefix)
    }
    stream.on('data', (chunk: Buffer) => {
      if (isDone) return
      const rest = sizeBytes === null ? afterPrefix(chunk) : chunk
      if (isDone || rest.length === 0) return
      if (gathered.sizeBytes + rest.length > (sizeBytes ?? 0)) return malformed('the call has more than one message')
      if (!holder.take(rest.length)) return finish({ ok: false, reason: 'overloaded' })
      gathered.add(rest)
    })
    stream.on('end', () => {
      if (sizeBytes === null) malformed('the call has no message')
      else if (gathered.sizeBytes < sizeBytes) malformed('the message ends early')
      else finish({ ok: true, bytes: gathered.bytes(), isCompressed: prefix[0] === 1 })
    })
    // After 'end' these say nothing new.
    stream.on('error', () => finish({ ok: false, reason: 'aborted' }))
    stream.on('close', () => finish({ ok: false, reason: 'aborted' }))
  })
}
