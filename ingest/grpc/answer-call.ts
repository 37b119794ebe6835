/** How a unary call is answered. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses */
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { statusWithRetryBytes } from '../answer.ts'

export interface CallRefusal {
  readonly code: number
  readonly message: string
  /** Of what may be tried again. */
  readonly retryAfterSeconds?: number
}

const HEAD = { ':status': 200, 'content-type': 'application/grpc+proto' } as const
/** What clients take of a message, whose headers have a bound together. */
const MAX_MESSAGE_CHARS = 1_000

/** OK, with one message. */
export function answerCall(stream: ServerHttp2Stream, message: Buffer): void {
  // The client may have gone while its spans were being appended.
  if (isGone(stream)) return
  stream.respond({ ...HEAD, 'grpc-accept-encoding': ACCEPTED }, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  const prefixed = Buffer.allocUnsafe(5 + message.length)
  prefixed.writeUInt8(0, 0)
  prefixed.writeUInt32BE(message.length, 1)
  message.copy(prefixed, 5)
  stream.end(prefixed)
}

/** Nothing but a status; what of the message is still on its way is not waited for. */
export function refuseCall(stream: ServerHttp2Stream, refusal: CallRefusal, headers: OutgoingHttpHeaders = {}): void {
  if (isGone(stream)) return
  const { code, retryAfterSeconds } = refusal
  const message = refusal.message.slice(0, MAX_MESSAGE_CHARS).toWellFormed()
  stream.respond(
    {
      ...HEAD,
      'grpc-status': String(code),
      'grpc-message': encodeURI(message),
      ...(retryAfterSeconds !== undefined && {
        'grpc-status-details-bin': statusWithRetryBytes(code, message, retryAfterSeconds).toString('base64'),
      }),
      ...headers,
    },
    { endStream: true },
  )
  // The message need not be sent to its end: https://www.rfc-editor.org/rfc/rfc9113#section-8.1-11
  stream.close(constants.NGHTTP2_NO_ERROR)
}

/** What is no call of gRPC, such as a browser's. */
export function refuseRequest(stream: ServerHttp2Stream, httpStatus: number, message: string): void {
  if (isGone(stream)) return
  stream.respond({ ':status': httpStatus, 'content-type': 'text/plain; charset=utf-8' })
  stream.end(`${message}\n`)
  stream.close(constants.NGHTTP2_NO_ERROR)
}

/** Of messages, as gRPC names codings. */
export const ACCEPTED = 'identity,gzip,deflate'

const isGone = (stream: ServerHttp2Stream): boolean => stream.destroyed || stream.closed || stream.headersSent
