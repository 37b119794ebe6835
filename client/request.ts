/** Requests to the API: what is sent, and what is wrong where it is refused. */
import type { Problem } from './api.ts'

export type Request = <Answer>(
  method: string,
  path: string,
  sent: {
    query?: Readonly<Record<string, string | number | undefined>>
    body?: unknown
    signal?: AbortSignal | undefined
  },
) => Promise<Answer>

/** What the API answers instead (RFC 9457), or that it could not be reached: status 0. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  readonly problem: Problem | null

  constructor(status: number, problem: Problem | null, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
    this.problem = problem
  }
}

export interface RequestOptions {
  /** `http://127.0.0.1:3000`; empty for the host of the page. */
  readonly baseUrl: string
  readonly headers?: () => Readonly<Record<string, string>>
  /** How it is asked; `fetch` unless given. */
  readonly fetch?: (url: string, options: RequestInit) => Promise<Response>
}

export function createRequest({ baseUrl, headers, fetch: ask = fetch }: RequestOptions): Request {
  return async <Answer>(
    method: string,
    path: string,
    { query = {}, body, signal }: Parameters<Request>[2],
  ): Promise<Answer> => {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value))
    const asked = parameters.size > 0 ? `?${parameters}` : ''
    const response = await reach(ask, `${baseUrl}${path}${asked}`, {
      method,
      ...(signal !== undefined && { signal }),
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers?.(),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw await problemOf(response)
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    return (isJson ? await response.json() : await response.text()) as Answer
  }
}

async function reach(ask: NonNullable<RequestOptions['fetch']>, url: string, options: RequestInit): Promise<Response> {
  try {
    return await ask(url, options)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiProblem(0, null, 'Assay cannot be reached', { cause: error })
  }
}

export async function problemOf(response: Response): Promise<ApiProblem> {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') ?? false
  const problem = isProblem ? ((await response.json()) as Problem) : null
  return new ApiProblem(response.status, problem, problem?.detail ?? `${response.status} ${response.statusText}`)
}
