import type { IncomingHttpHeaders } from 'node:http'
import type { Encoding } from './answer.ts'
import type { ContentCoding } from './body.ts'

const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  ['application/x-protobuf', 'protobuf'],
  ['application/protobuf', 'protobuf'],
  ['application/json', 'json'],
])

/** The encoding that the Content-Type names, whatever its parameters; null for one that we don't read. */
export function encodingOf(headers: IncomingHttpHeaders): Encoding | null {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
  return ENCODINGS.get(type) ?? null
}

const CODINGS: ReadonlyMap<string, ContentCoding> = new Map([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['zstd', 'zstd'],
])

/** One coding at most: several on top of each other are nobody's honest request. */
export function codingOf(headers: IncomingHttpHeaders): ContentCoding | null {
  return CODINGS.get((headers['content-encoding'] ?? '').trim().toLowerCase()) ?? null
}
