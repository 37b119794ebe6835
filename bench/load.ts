/**
 * The load that the ingest benchmark sends: OTLP/HTTP protobuf requests of 100 spans of about 1.2 kB, each with about 600 B
 * of prompt and completion. A request is built once and only its ids and times are patched, so that the client takes
 * little of the machine that it measures.
 */
import { randomFillSync } from 'node:crypto'
import { Agent, request } from 'node:http'

export const spansPerRequest = 100
export const spansPerTrace = 10

const words =
  'the order that you placed last week has left our warehouse and should reach you in two days please keep the parcel number at hand when you call and tell me whether the address on the invoice is still right so that I can arrange the refund without delay'.split(
    ' ',
  )

function prose(lengthChars: number, seed: number): string {
  let text = ''
  for (let index = seed; text.length < lengthChars; index++) text += `${words[(index * 7) % words.length]} `
  return text.slice(0, lengthChars)
}

// A protobuf writer for fixtures: length-delimited fields, varints and fixed64 are all that a span needs.
const varint = (value: number): Buffer => {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest & 127) | 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}
const delimited = (field: number, body: Buffer | string): Buffer => {
  const bytes = Buffer.from(body)
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes])
}
const fixed64 = (field: number, body: Buffer): Buffer => Buffer.concat([varint(field * 8 + 1), body])
const stringAttribute = (key: string, value: string): Buffer =>
  delimited(9, Buffer.concat([delimited(1, key), delimited(2, delimited(1, value))]))
const intAttribute = (key: string, value: number): Buffer =>
  delimited(9, Buffer.concat([delimited(1, key), delimited(2, Buffer.concat([varint(3 * 8), varint(value)]))]))

interface Slot {
  /** Of the span within a whole request. */
  index: number
  traceId: number
  spanId: number
  parentSpanId: number | null
  start: number
  end: number
}

export interface LoadTemplate {
  readonly body: Buffer
  readonly slots: readonly Slot[]
}

function spanBytes(index: number, textChars: number): Buffer {
  const inTrace = index % spansPerTrace
  const marker = (kind: number, length: number): Buffer => {
    // Unique bytes that are found again in the finished request and patched there.
    const bytes = Buffer.alloc(length, 0xee)
    bytes.writeUInt16BE(index, 0)
    bytes[2] = kind
    return bytes
  }
  const isRoot = inTrace === 0
  const user = JSON.stringify([
    { role: 'user', parts: [{ type: 'text', content: prose(Math.round(textChars * 0.43), index) }] },
  ])
  const answer = JSON.stringify([
    {
      role: 'assistant',
      parts: [{ type: 'text', content: prose(Math.round(textChars * 0.57), index + 11) }],
      finish_reason: 'stop',
    },
  ])
  return Buffer.concat([
    delimited(1, marker(1, 16)),
    delimited(2, marker(2, 8)),
    ...(isRoot ? [] : [delimited(4, marker(3, 8))]),
    delimited(5, isRoot ? 'invoke_agent support' : 'chat gpt-5-mini'),
    Buffer.concat([varint(6 * 8), varint(isRoot ? 1 : 3)]),
    fixed64(7, marker(4, 8)),
    fixed64(8, marker(5, 8)),
    stringAttribute('gen_ai.operation.name', isRoot ? 'invoke_agent' : 'chat'),
    stringAttribute('gen_ai.agent.name', 'support'),
    stringAttribute('gen_ai.conversation.id', `conversation-${index}`),
    stringAttribute('gen_ai.provider.name', 'openai'),
    stringAttribute('gen_ai.request.model', 'gpt-5-mini'),
    stringAttribute('gen_ai.response.model', 'gpt-5-mini-2025-08-07'),
    intAttribute('gen_ai.usage.input_tokens', 120 + index),
    intAttribute('gen_ai.usage.output_tokens', 80 + index),
    stringAttribute('gen_ai.input.messages', user),
    stringAttribute('gen_ai.output.messages', answer),
    stringAttribute('server.address', 'api.example.test'),
    Buffer.concat([delimited(15, Buffer.concat([varint(3 * 8), varint(1)]))]),
  ])
}

/** Of prompt and completion together: about 600 B. */
const TEXT_CHARS = 600

export interface TemplateOptions {
  /** Of the places of a trace, those whose spans are in the request; all unless told. */
  isWanted?: (inTrace: number) => boolean
  textChars?: number
}

/** One request of `spansPerRequest` spans in traces of `spansPerTrace`. */
export function buildTemplate({ isWanted = () => true, textChars = TEXT_CHARS }: TemplateOptions = {}): LoadTemplate {
  const indexes = Array.from({ length: spansPerRequest }, (_, index) => index).filter((index) =>
    isWanted(index % spansPerTrace),
  )
  const spans = indexes.map((index) => delimited(2, spanBytes(index, textChars)))
  const resource = delimited(
    1,
    Buffer.concat(
      [
        ['service.name', 'support'],
        ['service.version', '2.4.1'],
        ['deployment.environment.name', 'prod'],
      ].map(([key, value]) =>
        delimited(1, Buffer.concat([delimited(1, key ?? ''), delimited(2, delimited(1, value ?? ''))])),
      ),
    ),
  )
  const scope = delimited(1, Buffer.concat([delimited(1, 'bench'), delimited(2, '1.0.0')]))
  const body = delimited(1, Buffer.concat([resource, delimited(2, Buffer.concat([scope, ...spans]))]))
  const slots = indexes.map((index): Slot => {
    const find = (kind: number): number => {
      const probe = Buffer.from([0, 0, kind, 0xee, 0xee, 0xee])
      probe.writeUInt16BE(index, 0)
      return body.indexOf(probe)
    }
    const parent = find(3)
    const parentSpanId = parent < 0 ? null : parent
    return { index, traceId: find(1), spanId: find(2), parentSpanId, start: find(4), end: find(5) }
  })
  return { body, slots }
}

/** Trace and span id of a span of the template. */
export const idBytes = 24

/** A copy of the template with fresh ids and with times that end at `nowMs`. Returns the trace ids in hex. */
export function freshRequest(template: LoadTemplate, nowMs: number): { body: Buffer; traceIds: string[] } {
  // One draw for all ids: the client must stay cheap.
  const ids = randomFillSync(Buffer.allocUnsafe(spansPerRequest * idBytes))
  const traceIds = template.slots
    .filter(({ index }) => index % spansPerTrace === 0)
    .map(({ index }) => ids.toString('hex', index * idBytes, index * idBytes + 16))
  return { body: fillRequest(template, nowMs, ids), traceIds }
}

/** `ids`: `idBytes` for each span of a whole request, of which a trace's id stands with its first. */
export function fillRequest(template: LoadTemplate, nowMs: number, ids: Buffer): Buffer {
  const body = Buffer.from(template.body)
  const startNs = BigInt(Math.floor(nowMs)) * 1_000_000n
  for (const slot of template.slots) {
    const inTrace = slot.index % spansPerTrace
    const isRoot = inTrace === 0
    const spanAt = slot.index * idBytes
    const rootAt = (slot.index - inTrace) * idBytes
    ids.copy(body, slot.traceId, rootAt, rootAt + 16)
    ids.copy(body, slot.spanId, spanAt + 16, spanAt + idBytes)
    if (slot.parentSpanId !== null) ids.copy(body, slot.parentSpanId, rootAt + 16, rootAt + idBytes)
    const offsetNs = BigInt(inTrace) * 20_000_000n
    body.writeBigUInt64LE(startNs - 900_000_000n + offsetNs, slot.start)
    body.writeBigUInt64LE(startNs - (isRoot ? 0n : 700_000_000n - offsetNs), slot.end)
  }
  return body
}

export interface LoadReport {
  acceptedSpans: number
  rejected: number
  seconds: number
  /** Milliseconds, sorted. */
  latenciesMs: number[]
  traceIds: string[]
}

/**
 * Sends requests over `connections` keep-alive connections until `spans` are accepted, at `spansPerSecond` at most
 * (0 is as fast as they are taken). Bounded in count; a refused request is counted and sent again after a pause.
 */
export async function sendLoad(options: {
  url: string
  spans: number
  connections: number
  spansPerSecond: number
  headers?: Readonly<Record<string, string>>
  onAccepted?: (traceIds: readonly string[]) => void
}): Promise<LoadReport> {
  const template = buildTemplate()
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections })
  const target = new URL(options.url)
  const report: LoadReport = { acceptedSpans: 0, rejected: 0, seconds: 0, latenciesMs: [], traceIds: [] }
  const startedMs = performance.now()
  let begun = 0
  const post = (body: Buffer): Promise<number> =>
    new Promise((resolve, reject) => {
      const call = request(
        target,
        {
          agent,
          method: 'POST',
          headers: { ...options.headers, 'content-type': 'application/x-protobuf', 'content-length': body.length },
        },
        (response) => {
          response.resume()
          response.on('end', () => resolve(response.statusCode ?? 0))
          response.on('error', reject)
        },
      )
      call.on('error', reject)
      call.end(body)
    })
  const connection = async (): Promise<void> => {
    while (begun < options.spans) {
      begun += spansPerRequest
      if (options.spansPerSecond > 0) {
        const dueMs = startedMs + (begun / options.spansPerSecond) * 1000
        const waitMs = dueMs - performance.now()
        if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
      }
      const { body, traceIds } = freshRequest(template, Date.now())
      const sentMs = performance.now()
      const status = await post(body)
      if (status === 200) {
        report.latenciesMs.push(performance.now() - sentMs)
        report.acceptedSpans += spansPerRequest
        report.traceIds.push(...traceIds)
        options.onAccepted?.(traceIds)
      } else {
        report.rejected++
        begun -= spansPerRequest
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }
  await Promise.all(Array.from({ length: options.connections }, connection))
  report.seconds = (performance.now() - startedMs) / 1000
  report.latenciesMs.sort((a, b) => a - b)
  agent.destroy()
  return report
}
