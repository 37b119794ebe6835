/** A collector of one's own over real HTTP, with scripted faults. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

export type Fault =
  | { kind: 'ok'; body?: string | Uint8Array }
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: string }
  /** No answer at all. */
  | { kind: 'hang' }
  /** A 200 whose body begins and does not go on. */
  | { kind: 'stall' }
  /** The connection is reset in the middle of the answer. */
  | { kind: 'reset' }
  /** Bytes that are not HTTP. */
  | { kind: 'garbage' }
  /** A 200 without end. */
  | { kind: 'flood' }

export interface Collector {
  url: string
  requests: { headers: IncomingMessage['headers']; path: string; message: Buffer }[]
  /** Names of the spans in requests that were answered 200, in order; `name`s of tests are `span-N`. */
  delivered: string[]
  close(): Promise<void>
}

export async function startCollector(answer: (index: number, message: Buffer) => Fault, port = 0): Promise<Collector> {
  const requests: Collector['requests'] = []
  const delivered: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const message = gunzipSync(Buffer.concat(chunks))
      requests.push({ headers: request.headers, path: request.url ?? '', message })
      const fault = answer(requests.length - 1, message)
      if (fault.kind === 'ok') delivered.push(...namesIn(message))
      respond(request, response, fault)
    })
    request.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    delivered,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The byte behind a name is the tag of the next field, which reads as a 0. */
const namesIn = (message: Buffer): string[] =>
  (message.toString('latin1').match(/span-[a-z0-9-]+/g) ?? []).map((match) => match.slice(0, -1))

function respond(request: IncomingMessage, response: ServerResponse, fault: Fault): void {
  switch (fault.kind) {
    case 'ok':
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(fault.body)
      return
    case 'status':
      response.writeHead(fault.status, fault.headers).end(fault.body ?? '')
      return
    case 'hang':
      return
    case 'stall':
      response.writeHead(200, { 'content-length': '100' }).write('x')
      return
    case 'reset':
      response.writeHead(200, { 'content-length': '100' })
      response.write('half', () => request.socket.resetAndDestroy())
      return
    case 'garbage':
      request.socket.end('\u0000\u0001 this is not HTTP\r\n\r\n')
      return
    case 'flood': {
      response.writeHead(200)
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, '<p>')));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    }
  }
}
