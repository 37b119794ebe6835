/** How an event is written on the wire. */

/** `sse`: an event of `text/event-stream`. `json`: a message of a WebSocket. */
export type FrameFormat = 'sse' | 'json'

/** `json`: on one line. `id`: null where there is nothing to go on from. */
export function frameOf(format: FrameFormat, type: string, json: string, id: string | null): string {
  if (format === 'json') return `{"type":"${type}",${id === null ? '' : `"id":"${id}",`}"data":${json}}`
  return `${id === null ? '' : `id: ${id}\n`}event: ${type}\ndata: ${json}\n\n`
}
