import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { Runtime } from '../runtime.ts'
import { type DropCounts, withDrops } from './drops.ts'

const compress = promisify(gzip)

export interface Encoded {
  body: Uint8Array
  /** The losses that it tells of. */
  told: DropCounts | null
  /** How long the agent's thread was held; compression is on another. */
  encodeMs: number
}

/** A request of these spans, with the losses on the first. Null when a span makes the serialiser fail. */
export async function encode(
  spans: readonly ReadableSpan[],
  told: DropCounts | null,
  runtime: Pick<Runtime, 'nowMs'>,
): Promise<Encoded | null> {
  const startMs = runtime.nowMs()
  const [first, ...others] = spans
  const all = first !== undefined && told !== null ? [withDrops(first, told), ...others] : [...spans]
  let message: Uint8Array | undefined
  try {
    message = ProtobufTraceSerializer.serializeRequest(all)
  } catch {
    return null
  }
  if (message === undefined) return null
  const encodeMs = runtime.nowMs() - startMs
  return { body: await compress(message), told, encodeMs }
}
