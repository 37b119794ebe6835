/** A collector over real HTTP that remembers which spans it took, and fails as it is told. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { decodeTraces, type RawSpan } from '../../engine/otlp/decode.ts'

export type SinkAnswer =
  | { status: number; headers?: Readonly<Record<string, string>>; body?: Uint8Array; afterMs?: number }
  /** The connection ends without an answer. */
  | 'reset'

export interface OtlpSink {
  readonly url: string
  /** By span id, how often it was taken. */
  readonly taken: Map<string, number>
  readonly spans: RawSpan[]
  /** Of the spans that were taken, each once. */
  readonly resources: Set<string>
  /** Of requests with spans, inflated, that were taken. */
  readonly bodies: Buffer[]
  /** Requests with log records, whatever the answer. */
  readonly logs: { contentType: string; body: Buffer }[]
  requests: number
  /** Spans in the largest request. */
  largest: number
  readonly authorizations: Set<string>
  answer: (spans: readonly RawSpan[]) => SinkAnswer
  close(): Promise<void>
}

export async function startOtlpSink(port = 0): Promise<OtlpSink> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => {})
    request.on('end', () => {
      const spans: RawSpan[] = []
      const resources = new Set<string>()
      const sent = Buffer.concat(chunks)
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
      if (request.url === '/v1/logs') sink.logs.push({ contentType: request.headers['content-type'] ?? '', body })
      else {
        const decoded = decodeTraces(body, (span, resource) => {
          spans.push(span)
          resources.add(JSON.stringify(Object.fromEntries(resource.attributes)))
        })
        if (!decoded.ok) throw new Error(decoded.message)
      }
      sink.requests++
      sink.largest = Math.max(sink.largest, spans.length)
      sink.authorizations.add(request.headers.authorization ?? '')
      const answer = sink.answer(spans)
      if (answer === 'reset') {
        request.socket.destroy()
        return
      }
      if (answer.status === 200) {
        sink.spans.push(...spans)
        if (request.url !== '/v1/logs') sink.bodies.push(body)
        for (const resource of resources) sink.resources.add(resource)
        for (const { spanId } of spans) sink.taken.set(spanId, (sink.taken.get(spanId) ?? 0) + 1)
      }
      const respond = () => {
        response.writeHead(answer.status, { 'content-type': 'application/x-protobuf', ...answer.headers })
        response.end(answer.body)
      }
      if (answer.afterMs === undefined) respond()
      else setTimeout(respond, answer.afterMs)
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const sink: OtlpSink = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: new Map(),
    spans: [],
    resources: new Set(),
    bodies: [],
    logs: [],
    requests: 0,
    largest: 0,
    authorizations: new Set(),
    answer: () => ({ status: 200 }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return sink
}
