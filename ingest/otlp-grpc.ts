/**
 * OTLP over gRPC. The bodies are taken as bytes, as over HTTP; what may be tried again carries a RetryInfo.
 * https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
 */
import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js'
import type { ServerTls } from '../storage/access/server-tls.ts'
import { INTERNAL, type Signal, statusWithRetryBytes, successBytes } from './answer.ts'
import type { Gateway } from './gateway.ts'
import type { Listener } from './otlp-http.ts'
import { type Rejection, refusalOfBody, refusalOfSender } from './refusals.ts'

export interface OtlpGrpcOptions {
  host: string
  /** 0 picks a free one. */
  port: number
  gateway: Gateway
  /** Without encryption unless told. */
  tls?: ServerTls | null
}

const DRAIN_LIMIT_MS = 10_000

const SERVICES: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
}

/** Rejects with the error of listening when the address can't be had. */
export async function startOtlpGrpc({ host, port, gateway, tls = null }: OtlpGrpcOptions): Promise<Listener> {
  const server = new Server({
    // Checked as a message inflates, so that a bomb is given up in time.
    'grpc.max_receive_message_length': gateway.maxBodyBytes,
    'grpc.max_concurrent_streams': 100,
    interceptors: [headCheck(gateway)],
  })
  const atWork = new Set<Promise<void>>()
  for (const [signal, path] of Object.entries(SERVICES) as [Signal, string][]) {
    server.addService(
      { Export: { path, requestStream: false, responseStream: false, ...BYTES } },
      {
        Export: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
          const work = handle(gateway, signal, call, answer).catch(gateway.onBug)
          atWork.add(work)
          void work.finally(() => atWork.delete(work))
        },
      },
    )
  }
  const bound = await bind(server, `${host.includes(':') ? `[${host}]` : host}:${port}`, credentialsFor(tls))
  return {
    port: bound,
    drain: async () => {
      const limit = setTimeout(() => server.forceShutdown(), DRAIN_LIMIT_MS)
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()))
      clearTimeout(limit)
      while (atWork.size > 0) await Promise.all(atWork)
    },
  }
}

const asIs = (bytes: Buffer): Buffer => bytes
const BYTES = {
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
} as const

function credentialsFor(tls: ServerTls | null): ServerCredentials {
  if (tls === null) return ServerCredentials.createInsecure()
  const pair = { cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }
  const clientCa = tls.clientCa === null ? null : Buffer.from(tls.clientCa)
  return ServerCredentials.createSsl(clientCa, [pair], clientCa !== null)
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port)
      else reject(error)
    })
  })
}

/** Refuses by what a call's head says, before any of its message is read: whoever has no key takes no memory. */
function headCheck({ gate, closed, counters }: Gateway): ServerInterceptor {
  const rejectionOf = (metadata: Metadata): Rejection | null => {
    const admission = gate(credentialsOf(metadata), 'ingest')
    return admission.ok ? closed(admission.principal.tenant) : refusalOfSender(admission)
  }
  return (_, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, goOn) => {
            const rejection = rejectionOf(metadata)
            if (rejection === null) return goOn(metadata)
            counters.requests++
            counters.rejected[rejection.reason]++
            call.sendStatus(errorOf(rejection))
          },
        }),
    })
}

async function handle(
  gateway: Gateway,
  signal: Signal,
  call: ServerUnaryCall<Buffer, Buffer>,
  answer: sendUnaryData<Buffer>,
): Promise<void> {
  const { counters, budget, gate } = gateway
  counters.requests++
  const refuse = (rejection: Rejection): void => {
    counters.rejected[rejection.reason]++
    answer(errorOf(rejection))
  }
  const admission = gate(credentialsOf(call.metadata), 'ingest')
  if (!admission.ok) return refuse(refusalOfSender(admission))
  // gRPC has read and inflated it already: it counts as long as it is being worked on.
  const sizeBytes = call.request.length
  if (!budget.take(sizeBytes)) return refuse(refusalOfBody('overloaded', 0))
  try {
    const { tenant } = admission.principal
    const taken = await gateway.take({ endpoint: signal, bytes: call.request, encoding: 'protobuf', tenant }, 0)
    if (taken.ok) answer(null, successBytes(taken.partial))
    else answer(errorOf(taken.rejection))
  } catch (error) {
    gateway.onBug(error)
    refuse({ reason: 'internal', httpStatus: 500, code: INTERNAL, message: 'internal error' })
  } finally {
    budget.release(sizeBytes)
  }
}

function credentialsOf(metadata: Metadata) {
  const text = (name: string): string | undefined => {
    const [value] = metadata.get(name)
    return typeof value === 'string' ? value : undefined
  }
  return { authorization: text('authorization'), apiKey: text('x-api-key'), isLocal: false }
}

function errorOf({ code, message, retryAfterSeconds }: Rejection) {
  const metadata = new Metadata()
  if (retryAfterSeconds !== undefined) {
    metadata.set('grpc-status-details-bin', statusWithRetryBytes(code, message, retryAfterSeconds))
  }
  return { code, details: message, metadata }
}
