/** `/v1/stream`: WebSockets on the port of OTLP over HTTP, for clients that send for long. */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { credentialsOf } from '../credentials.ts'
import type { Gateway } from '../gateway.ts'
import { busy, pathOf, type Refusal, refusalOfSender } from '../refusals.ts'
import { StreamConnection } from './connection.ts'
import { CLOSE, STREAM_PATH, SUBPROTOCOL } from './protocol.ts'

export interface StreamLimits {
  /** Batches of a connection that are received and not answered. */
  readonly maxUnanswered: number
  readonly maxConnections: number
  /** From the connection to its hello. */
  readonly helloMs: number
  /** A side that says nothing for so long is asked, and given up after as long again. */
  readonly pingMs: number
  /** Without a batch. */
  readonly idleMs: number
}

export const STREAM_LIMITS: StreamLimits = {
  maxUnanswered: 8,
  maxConnections: 1_000,
  helloMs: 10_000,
  pingMs: 30_000,
  idleMs: 900_000,
}

export interface StreamOptions {
  gateway: Gateway
  /** Of pages that may connect from a browser. */
  corsOrigins: ReadonlySet<string>
  limits?: Partial<StreamLimits>
}

export interface Streams {
  /** For an HTTP server: other paths than ours answer as if no upgrade had been asked for. */
  shouldUpgrade(request: IncomingMessage): boolean
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Takes no more connections and no more batches, answers those at hand, and closes: 10 s at most. */
  drain(): Promise<void>
}

const DRAIN_LIMIT_MS = 10_000
/** For the other side to say that it has heard of the end. */
const FAREWELL_MS = 2_000
// Which the package's types do not know yet.
const FAREWELL = { closeTimeout: FAREWELL_MS }
/** The number before it, and JSON around spans. */
const FRAME_OVERHEAD_BYTES = 1_024
const NUMBER_BYTES = 8

export function createStreams({ gateway, corsOrigins, limits: given = {} }: StreamOptions): Streams {
  const limits = { ...STREAM_LIMITS, ...given }
  const { counters, onBug } = gateway
  const connections = new Map<WebSocket, StreamConnection>()
  /** By tenant and name, while they are connected. */
  const streams = new Map<string, StreamConnection>()
  let isDraining = false
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // It would inflate before anything is counted; batches come in gzip of their own.
    perMessageDeflate: false,
    ...FAREWELL,
    maxPayload: gateway.maxBodyBytes + FRAME_OVERHEAD_BYTES + NUMBER_BYTES,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  })

  const refusalOf = (request: IncomingMessage): Refusal | null => {
    if (isDraining) return busy('log_unavailable', 'shutting down', 2)
    const { origin } = request.headers
    if (origin !== undefined && !corsOrigins.has(origin))
      return refusalOfSender({ ok: false, code: 'forbidden', message: `pages of ${origin} may not send` })
    if (connections.size >= limits.maxConnections) return busy('overloaded', 'too many streams are open', 5)
    const credentials = credentialsOf(request)
    if (credentials.authorization === undefined && credentials.apiKey === undefined) return null
    const admission = gateway.gate(credentials, 'ingest')
    return admission.ok ? null : refusalOfSender(admission)
  }

  const accept = (socket: WebSocket, request: IncomingMessage): void => {
    const connection = new StreamConnection({
      gateway,
      socket,
      credentials: credentialsOf(request),
      maxUnanswered: limits.maxUnanswered,
      claim: async (name, claimant) => {
        const older = streams.get(name)
        streams.set(name, claimant)
        await older?.leave(CLOSE.takenOver, 'the stream came back over another connection')
      },
    })
    connections.set(socket, connection)
    counters.openStreams = connections.size
    const watch = watchOver(socket, connection, limits)
    // Before the reader's own: what a message is made of counts before it is whole.
    request.socket.prependListener('data', (chunk: Buffer) => {
      watch.heard()
      if (connection.arrived(chunk.length)) return
      counters.rejected.overloaded++
      socket.pause()
      socket.close(CLOSE.tryAgainLater, 'too many requests are being read')
      setTimeout(() => socket.terminate(), FAREWELL_MS).unref()
    })
    socket.on('message', (data: Buffer, isBinary) => {
      watch.talked()
      connection.received(data, isBinary)
    })
    for (const kind of ['ping', 'pong'] as const)
      socket.on(kind, (payload: Buffer) => connection.controlled(payload.length))
    // Frames that break the protocol, or are too large: the close that follows says which.
    socket.on('error', (error: Error & { code?: string }) => {
      counters.rejected[error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'too_large' : 'malformed']++
    })
    socket.on('close', () => {
      watch.stop()
      void connection.closed().then(() => {
        connections.delete(socket)
        counters.openStreams = connections.size
        for (const [name, claimant] of streams) if (claimant === connection) streams.delete(name)
      })
    })
  }

  return {
    shouldUpgrade: (request) =>
      pathOf(request) === STREAM_PATH && request.headers.upgrade?.toLowerCase() === 'websocket',
    upgrade: (request, socket, head) => {
      socket.on('error', () => {})
      try {
        const refusal = refusalOf(request)
        if (refusal === null) server.handleUpgrade(request, socket, head, accept)
        else {
          counters.requests++
          refuseUpgrade(socket, refusal)
        }
      } catch (error) {
        onBug(error)
        socket.destroy()
      }
    },
    drain: async () => {
      isDraining = true
      const sockets = [...connections]
      const limit = setTimeout(() => {
        for (const [socket] of sockets) socket.terminate()
      }, DRAIN_LIMIT_MS)
      await Promise.all(
        sockets.map(async ([socket, connection]) => {
          const closed = new Promise<void>((resolve) => {
            if (socket.readyState === socket.CLOSED) resolve()
            else socket.once('close', () => resolve())
          })
          await connection.drain(CLOSE.goingAway, 'shutting down')
          await closed
          await connection.closed()
        }),
      )
      clearTimeout(limit)
    },
  }
}

interface Watch {
  /** A sign of life. */
  heard(): void
  /** A message. */
  talked(): void
  stop(): void
}

/** Ends connections whose other side is gone, or has nothing to say. */
function watchOver(socket: WebSocket, connection: StreamConnection, limits: StreamLimits): Watch {
  let wasHeard = true
  const hello = setTimeout(() => {
    if (!connection.hasSaidHello && !connection.isWorking) socket.close(CLOSE.idle, 'no hello came')
  }, limits.helloMs)
  const ping = setInterval(() => {
    // What we don't read, we don't hear.
    if (socket.isPaused || connection.isWorking) return
    if (!wasHeard) return socket.terminate()
    wasHeard = false
    socket.ping()
  }, limits.pingMs)
  const idle = setTimeout(() => socket.close(CLOSE.idle, 'no batch came for long'), limits.idleMs)
  return {
    heard: () => {
      wasHeard = true
    },
    talked: () => {
      idle.refresh()
    },
    stop: () => {
      clearTimeout(hello)
      clearInterval(ping)
      clearTimeout(idle)
    },
  }
}

function refuseUpgrade(socket: Duplex, { httpStatus, code, message, headers }: Refusal): void {
  const body = Buffer.from(JSON.stringify({ code, message }))
  const lines = [
    `HTTP/1.1 ${httpStatus} ${STATUS_CODES[httpStatus]}`,
    'connection: close',
    'content-type: application/json',
    `content-length: ${body.length}`,
    ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`),
  ]
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]))
}
