/** Asks a running instance. Every failure is a sentence that says what to do. */
import type { z } from 'zod'
import { type Problem, problemSchema } from '../../server/schemas.ts'

export const DEFAULT_SERVER = 'http://127.0.0.1:3000'
/** Of the flag `--server`, else of ASSAY_URL, else the usual place. */
export const serverOf = (flag: string | undefined): string => flag ?? (process.env.ASSAY_URL || DEFAULT_SERVER)

const TIMEOUT_MS = 30_000
/** `assay keys create` asks the instance as well: where there is no key yet, that alone would lead nowhere. */
const HOW_TO_GET_A_KEY =
  'An admin makes one by assay keys create; the first one is made by assay keys create --role admin --data FOLDER ' +
  '(while assay up is stopped), or --log-url kafka://…'

/** `errors`: by parameter, where the instance refuses some. */
export type Answer<T> = { ok: true; value: T } | { ok: false; message: string; errors?: Problem['errors'] }

/** The body of a GET as it came, whatever it is. */
export async function askRaw(
  server: string,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<Answer<Uint8Array>> {
  const base = server.includes('://') ? server : `http://${server}`
  const url = URL.parse(path, base.endsWith('/') ? base : `${base}/`)
  if (url === null || !/^https?:$/.test(url.protocol))
    return { ok: false, message: `${JSON.stringify(server)} is not an http or https address` }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  const key = process.env.ASSAY_KEY || undefined
  try {
    const headers = { ...(key !== undefined && { authorization: `Bearer ${key}` }) }
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), headers })
    const bytes = new Uint8Array(await response.arrayBuffer())
    if (response.ok) return { ok: true, value: bytes }
    const problem = problemSchema.safeParse(parseJson(new TextDecoder().decode(bytes)))
    if (!problem.success) return { ok: false, message: `what answers at ${url.origin} is not Assay; see --server` }
    return { ok: false, message: problem.data.detail ?? problem.data.title }
  } catch {
    return {
      ok: false,
      message: `no Assay answers at ${url.origin}; start one with assay up, or name another with --server or ASSAY_URL`,
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** `server`: an address; without a scheme it is http. With `post` it posts that as JSON. The key is ASSAY_KEY's. */
export async function askApi<T>(
  server: string,
  path: string,
  query: Readonly<Record<string, string>>,
  schema: z.ZodType<T>,
  post?: unknown,
  timeoutMs = TIMEOUT_MS,
): Promise<Answer<T>> {
  const base = server.includes('://') ? server : `http://${server}`
  const url = URL.parse(path, base.endsWith('/') ? base : `${base}/`)
  if (url === null || !/^https?:$/.test(url.protocol))
    return { ok: false, message: `${JSON.stringify(server)} is not an http or https address` }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  const stranger = { ok: false, message: `what answers at ${url.origin} is not Assay; see --server` } as const
  const key = process.env.ASSAY_KEY || undefined
  let response: Response
  let body: unknown
  try {
    response = await fetch(url, {
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(post !== undefined && { 'content-type': 'application/json' }),
      },
      ...(post !== undefined && { method: 'POST', body: JSON.stringify(post) }),
    })
    body = await response.json()
  } catch (error) {
    if (error instanceof SyntaxError) return stranger
    return {
      ok: false,
      message: `no Assay answers at ${url.origin}; start one with assay up, or name another with --server or ASSAY_URL`,
    }
  }
  const parsed = schema.safeParse(body)
  if (response.ok && parsed.success) return { ok: true, value: parsed.data }
  const problem = problemSchema.safeParse(body)
  if (!problem.success) return stranger
  const { status, detail = problem.data.title, errors } = problem.data
  const isKeyAsked = status === 401 && key === undefined
  return {
    ok: false,
    message: isKeyAsked ? `${url.origin} asks for a key: set ASSAY_KEY. ${HOW_TO_GET_A_KEY}` : detail,
    ...(errors !== undefined && { errors }),
  }
}
