/** Server-Sent Events out of a text that comes in pieces. */

export interface SseEvent {
  /** Null where the event has none of its own. */
  readonly id: string | null
  readonly type: string
  readonly data: string
}

/** Takes the next piece; gives the events that are whole with it. */
export function createSseParser(): (piece: string) => SseEvent[] {
  let rest = ''
  let id: string | null = null
  let type = 'message'
  let data: string[] = []
  const take = (line: string, events: SseEvent[]): void => {
    if (line === '') {
      if (data.length > 0) events.push({ id, type, data: data.join('\n') })
      id = null
      type = 'message'
      data = []
      return
    }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') data.push(value)
    else if (field === 'event') type = value
    else if (field === 'id') id = value
  }
  return (piece) => {
    const lines = (rest + piece).split(/\r\n|\n/)
    rest = lines.pop() ?? ''
    const events: SseEvent[] = []
    for (const line of lines) take(line, events)
    return events
  }
}
