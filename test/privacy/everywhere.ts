/** Canaries in every place of a span, by every protocol; and everything that a run has left, to look for them in. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js'
import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer'
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { transcodeJson } from '../../engine/otlp/json.ts'
import type { AssayProcess } from '../support/assay-process.ts'

/** Each place has its own, so that one that is found tells where it stood. */
export type Canary = (place: string) => string

const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } })

/** A chat span of OTLP/JSON with a canary in every text that it can have. */
export function spanRequest(traceId: string, canary: Canary, user: string): object {
  const endNs = BigInt(Date.now()) * 1_000_000n
  const messages = (role: string, place: string): string =>
    JSON.stringify([{ role, parts: [{ type: 'text', content: `my secret is ${canary(place)}, keep it` }] }])
  return {
    resourceSpans: [
      {
        schemaUrl: `https://x/${canary('resource-schema')}`,
        resource: {
          attributes: [text('process.owner', canary('resource')), text('enduser.id', user)],
          entityRefs: [{ type: canary('entity'), idKeys: [canary('entity-key')] }],
        },
        scopeSpans: [
          {
            schemaUrl: `https://x/${canary('scope-schema')}`,
            scope: {
              name: canary('scope'),
              version: canary('scope-version'),
              attributes: [text('s', canary('scope-attribute'))],
            },
            spans: [
              {
                traceId,
                spanId: 'aa'.repeat(8),
                name: `chat ${canary('name')}`,
                traceState: `k=${canary('trace-state')}`,
                startTimeUnixNano: String(endNs - 5_000_000n),
                endTimeUnixNano: String(endNs),
                status: { code: 2, message: `failed on ${canary('status')}` },
                attributes: [
                  text('gen_ai.operation.name', 'chat'),
                  text('gen_ai.input.messages', messages('user', 'input')),
                  text('gen_ai.output.messages', messages('assistant', 'output')),
                  text('user.id', user),
                  text('session.id', `session of ${user}`),
                  text('http.request.header.cookie', canary('dropped')),
                  text('custom', canary('attribute')),
                  text(`key ${canary('key')}`, 'x'),
                  text(
                    'nested',
                    JSON.stringify({ inner: JSON.stringify({ text: canary('nested').replace('N', '\\u004e') }) }),
                  ),
                  { key: 'list', value: { arrayValue: { values: [{ stringValue: canary('list') }] } } },
                  { key: 'map', value: { kvlistValue: { values: [text(canary('map-key'), canary('map'))] } } },
                  { key: 'bytes', value: { bytesValue: Buffer.from(canary('bytes')).toString('base64') } },
                ],
                events: [
                  {
                    timeUnixNano: String(endNs),
                    name: canary('event'),
                    attributes: [text('exception.message', canary('event-attribute'))],
                  },
                ],
                links: [
                  {
                    traceId,
                    spanId: 'bb'.repeat(8),
                    traceState: canary('link'),
                    attributes: [text('l', canary('link-attribute'))],
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
  }
}

/** The messages of a call as SDKs send them apart from its span, by the real SDK's own writer: with a canary in every text. */
export function logRequest(traceId: string, spanId: string, canary: Canary): Uint8Array {
  const exporter = new InMemoryLogRecordExporter()
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] })
  const logger = provider.getLogger(canary('log-scope'))
  const context = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1 })
  const attributes = { 'gen_ai.system': 'openai', other: canary('log-attribute') }
  const said = (place: string): string => `my secret is ${canary(place)}, keep it`
  logger.emit({ eventName: 'gen_ai.user.message', body: { content: said('log-input') }, attributes, context })
  const message = {
    role: 'assistant',
    content: said('log-output'),
    tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: { x: canary('log-arguments') } } }],
  }
  logger.emit({ eventName: 'gen_ai.choice', body: { index: 0, finish_reason: 'stop', message }, attributes, context })
  logger.emit({ eventName: 'login', body: canary('log-other'), context })
  const bytes = ProtobufLogsSerializer.serializeRequest(exporter.getFinishedLogRecords())
  if (bytes === undefined) throw new Error('the SDK wrote nothing')
  return bytes
}

export interface Addresses {
  readonly http: string
  readonly grpc: string
}

export const addressesOf = (assay: AssayProcess): Addresses => ({
  http: assay.tracesUrl.replace('/v1/traces', ''),
  grpc: /OTLP\/gRPC\s+(\S+)/.exec(assay.output())?.[1] ?? '',
})

export interface Answered {
  readonly status: number
  readonly text: string
}

export async function post(url: string, body: string | Uint8Array, contentType: string): Promise<Answered> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body: Buffer.from(body),
  })
  return { status: response.status, text: `${await response.text()} ${JSON.stringify([...response.headers])}` }
}

export function protobufOf(request: object): Uint8Array {
  const transcoded = transcodeJson(Buffer.from(JSON.stringify(request)))
  if (!transcoded.ok) throw new Error(transcoded.message)
  return transcoded.request
}

const asIs = (bytes: Buffer): Buffer => bytes
const Client = makeGenericClientConstructor(
  {
    Export: {
      path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  },
  'TraceService',
)

/** Status 0 is gRPC's for fine. */
export async function exportByGrpc(address: string, bytes: Uint8Array): Promise<Answered> {
  const client = new Client(address, credentials.createInsecure())
  const call = client.Export as (bytes: Buffer, done: (error: { code: number; message: string } | null) => void) => void
  try {
    return await new Promise((resolve) => {
      call.call(client, Buffer.from(bytes), (error) =>
        resolve({ status: error?.code ?? 0, text: error?.message ?? '' }),
      )
    })
  } finally {
    client.close()
  }
}

/** One batch over a WebSocket; what came back as text. */
export async function sendByStream(http: string, batch: unknown): Promise<string> {
  const socket = new WebSocket(`${http.replace('http', 'ws')}/v1/stream`, 'assay.v1')
  const said: string[] = []
  await new Promise<void>((resolve, reject) => {
    socket.onerror = () => reject(new Error('the WebSocket failed'))
    socket.onclose = () => resolve()
    socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', stream: 'test' }))
    socket.onmessage = ({ data }) => {
      said.push(String(data))
      if (said.length === 1) socket.send(typeof batch === 'string' ? batch : JSON.stringify(batch))
      else socket.close()
    }
  })
  return said.join('\n')
}

/** Files below a folder in which one of the texts stands, in UTF-8 or UTF-16. */
export function filesWith(folder: string, texts: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    if (!entry.isFile()) return []
    const path = join(entry.parentPath, entry.name)
    const bytes = readFileSync(path)
    const found = texts.filter((one) => bytes.includes(one) || bytes.includes(Buffer.from(one, 'utf16le')))
    return found.map((one) => `${path}: ${one}`)
  })
}
