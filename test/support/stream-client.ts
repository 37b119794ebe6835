/** A bare client of `/v1/stream` for tests: says what it is told to, and keeps what it hears. */
import { type ClientOptions, WebSocket } from 'ws'
import { type Outgoing, SUBPROTOCOL } from '../../ingest/stream/protocol.ts'

export interface StreamClient {
  readonly socket: WebSocket
  /** The next message that was not taken yet. Rejects when the connection ends first. */
  next(): Promise<Outgoing>
  hello(hello: { stream: string; settled?: number; resume?: string | null; key?: string }): Promise<Outgoing>
  /** OTLP in protobuf. */
  batch(number: number, request: Uint8Array): void
  spans(batch: number, spans: readonly object[]): void
  ended: Promise<{ code: number; reason: string }>
  close(): Promise<void>
}

/** Rejects when the gateway does not take the connection: `Unexpected server response: 401`. */
export async function openStream(url: string, options: ClientOptions = {}): Promise<StreamClient> {
  const socket = new WebSocket(url, SUBPROTOCOL, options)
  const heard: Outgoing[] = []
  let wake: () => void = () => {}
  socket.on('message', (data: Buffer) => {
    heard.push(JSON.parse(data.toString('utf8')) as Outgoing)
    wake()
  })
  const ended = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => {
      resolve({ code, reason: reason.toString('utf8') })
      wake()
    })
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.on('error', () => {})
  const next = async (): Promise<Outgoing> => {
    for (;;) {
      const message = heard.shift()
      if (message !== undefined) return message
      if (socket.readyState === socket.CLOSED) throw new Error(`the connection ended: ${JSON.stringify(await ended)}`)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return {
    socket,
    next,
    ended,
    hello: (hello) => {
      socket.send(JSON.stringify({ type: 'hello', ...hello }))
      return next()
    },
    batch: (number, request) => socket.send(binaryBatch(number, request)),
    spans: (batch, spans) => socket.send(JSON.stringify({ type: 'spans', batch, spans })),
    close: async () => {
      socket.close()
      await ended
    },
  }
}

export function binaryBatch(number: number, request: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeBigUInt64BE(BigInt(number))
  return Buffer.concat([head, request])
}
