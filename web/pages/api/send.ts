/** Of what is shown. */
const MAX_CHARS = 200_000

export interface Answer {
  readonly status: number
  readonly text: string
  readonly tookMs: number
}

/** As the page asks for everything: by the session, with the header that pages of other sites cannot send. */
export async function send(method: string, address: string, body: string | null): Promise<Answer> {
  const startMs = performance.now()
  const response = await fetch(address, {
    method,
    headers: {
      accept: 'application/json',
      'x-assay-csrf': '1',
      ...(body !== null && { 'content-type': 'application/json' }),
    },
    ...(body !== null && { body }),
  })
  const text = await response.text()
  return { status: response.status, text: shown(pretty(text)), tookMs: performance.now() - startMs }
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

const shown = (text: string): string =>
  text.length <= MAX_CHARS ? text : `${text.slice(0, MAX_CHARS)}\n… ${text.length - MAX_CHARS} characters more`
