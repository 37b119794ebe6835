/** Request bodies within bounds: of one body, and of all that are held at a time. */
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate, zstdDecompress } from 'node:zlib'
import { createGathered } from './gathered.ts'

/** What one tenant holds of the gateway's memory for bodies. */
export interface Holder {
  /** False where there is no room. */
  take(sizeBytes: number): boolean
  release(sizeBytes: number): void
}

export type BodyOutcome = { ok: true; bytes: Buffer } | { ok: false; reason: 'too_large' | 'overloaded' | 'aborted' }

/** What is read and thrown away of a refused body, so that a client which is still sending gets to see the answer. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024

/**
 * Reads a body of at most `maxBytes`. The bytes are taken from what the tenant may hold; the caller releases `bytes.length` when it is
 * done with them, this function whatever it did not hand over.
 */
export function readBody(request: IncomingMessage, maxBytes: number, holder: Holder): Promise<BodyOutcome> {
  return new Promise((resolve) => {
    let discardedBytes = 0
    const announcedBytes = Number(request.headers['content-length'] ?? 0)
    let refused: 'too_large' | 'overloaded' | null = announcedBytes > maxBytes ? 'too_large' : null
    const gathered = createGathered(announcedBytes, maxBytes)
    let isDone = false
    const finish = (outcome: BodyOutcome): void => {
      if (isDone) return
      isDone = true
      if (!outcome.ok) drop()
      resolve(outcome)
    }
    const drop = (): void => {
      holder.release(gathered.sizeBytes)
      gathered.clear()
    }
    request.on('data', (chunk: Buffer) => {
      if (refused === null) {
        if (gathered.sizeBytes + chunk.length > maxBytes) refused = 'too_large'
        else if (!holder.take(chunk.length)) refused = 'overloaded'
        else {
          gathered.add(chunk)
          return
        }
        drop()
      }
      discardedBytes += chunk.length
      if (discardedBytes > MAX_DISCARDED_BYTES) finish({ ok: false, reason: refused })
    })
    request.on('end', () => {
      if (refused !== null) finish({ ok: false, reason: refused })
      else finish({ ok: true, bytes: gathered.bytes() })
    })
    // After 'end' these say nothing new.
    request.on('error', () => finish({ ok: false, reason: 'aborted' }))
    request.on('close', () => finish({ ok: false, reason: 'aborted' }))
  })
}

export type InflateOutcome = { ok: true; bytes: Buffer } | { ok: false; reason: 'too_large' | 'malformed' }

export type ContentCoding = 'identity' | 'gzip' | 'deflate' | 'zstd'

const DECOMPRESS = { gzip: promisify(gunzip), deflate: promisify(inflate), zstd: promisify(zstdDecompress) } as const

export type Inflate = (bytes: Buffer, coding: ContentCoding, maxBytes: number) => Promise<InflateOutcome>

/**
 * Inflates bodies to at most `maxBytes` each: what would be longer is given up as soon as that many are out. At most
 * `concurrency` at a time, the others wait their turn compressed: so many bombs at once hold so many times `maxBytes`.
 */
export function createInflater(concurrency: number): Inflate {
  const waiting: (() => void)[] = []
  let running = 0
  return async (bytes, coding, maxBytes) => {
    if (coding === 'identity') return { ok: true, bytes }
    if (running >= concurrency) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return { ok: true, bytes: await DECOMPRESS[coding](bytes, { maxOutputLength: maxBytes }) }
    } catch (error) {
      const isTooLarge = error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
      return { ok: false, reason: isTooLarge ? 'too_large' : 'malformed' }
    } finally {
      // The place goes to the next in line, or is free.
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}
