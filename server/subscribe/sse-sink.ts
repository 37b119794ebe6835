/** Server-Sent Events on a response of Node, without a stream in between: a group's events are one write for each of its members. */
import type { ServerResponse } from 'node:http'
import type { Sink } from './member.ts'

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // Proxies must not wait for more.
  'x-accel-buffering': 'no',
}

/** The head goes out with the first events. */
export function sseSink(outgoing: ServerResponse): Sink {
  return {
    write: (frames, joined) => {
      if (outgoing.destroyed || outgoing.writableEnded) return
      if (!outgoing.headersSent) outgoing.writeHead(200, HEADERS)
      outgoing.write(joined ?? frames.join(''))
    },
    bufferedBytes: () => outgoing.writableLength,
    end: () => {
      if (!outgoing.headersSent || outgoing.destroyed) return
      outgoing.end()
    },
  }
}
