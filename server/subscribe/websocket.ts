/** Subscriptions over a WebSocket, for who has no Server-Sent Events: let in by the same routes, told the same, an event a message. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Sink } from './member.ts'

/** How the route of subscriptions takes a connection over. */
export interface Upgrade {
  /** `onGone`: the other side is gone. The handshake is made with the first event. */
  sink(onGone: () => void): Sink
}

const PATH = '/v1/subscribe'
/** Nothing is expected. */
const MAX_MESSAGE_BYTES = 1_024
const TRY_AGAIN = 1001

export const wantsSubscription = ({ url = '', headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === 'websocket' && (url === PATH || url.startsWith(`${PATH}?`))

/** `ask`: the routes. */
export function createUpgrades(ask: (request: Request, bindings: object) => Response | Promise<Response>) {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  })
  return async (incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    let isTaken = false
    const upgrade: Upgrade = {
      sink: (onGone) => {
        let open: WebSocket | null = null
        socket.once('close', onGone)
        const connect = (): void => {
          isTaken = true
          server.handleUpgrade(incoming, socket, head, (webSocket) => {
            open = webSocket
            webSocket.on('error', () => webSocket.terminate())
          })
        }
        return {
          write: (frames) => {
            if (!isTaken && !socket.destroyed) connect()
            for (const frame of frames) open?.send(frame)
          },
          bufferedBytes: () => open?.bufferedAmount ?? 0,
          end: () => open?.close(TRY_AGAIN),
        }
      },
    }
    socket.on('error', () => socket.destroy())
    const response = await ask(requestOf(incoming), { incoming, upgrade })
    if (!isTaken) refuse(socket, response.status, response.headers, await response.text())
  }
}

function requestOf({ url = PATH, headers }: IncomingMessage): Request {
  const sent = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
  )
  return new Request(new URL(url, 'http://localhost'), { headers: sent })
}

function refuse(socket: Duplex, status: number, headers: Headers, body: string): void {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`)
  const head = [`HTTP/1.1 ${status} `, ...lines, `content-length: ${Buffer.byteLength(body)}`, 'connection: close']
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
