/**
 * The client of a provider's API: OpenAI's own, or its form for Azure. It makes the request once for each model, with its address, key and
 * headers, and says what a refusal means; what differs from call to call is the body.
 */
import OpenAI, { AzureOpenAI } from 'openai'
import { type PostAnswer, post } from './bounded-post.ts'
import type { RequestBody } from './completion.ts'
import type { Provider } from './providers.ts'

export interface ProviderClient {
  /**
   * One call, and what came back: an object, or the text of what is no JSON. Rejects with the errors of `openai`, with `SyntaxError`, and with
   * those of `post` for a call that was broken off or took too long.
   */
  complete(body: RequestBody, signal: AbortSignal): Promise<unknown>
}

interface MadeRequest {
  readonly url: URL
  readonly headers: Record<string, string>
}

export function openProviderClient(provider: Provider, timeoutMs: number): ProviderClient {
  const client = clientOf(provider, timeoutMs)
  const requests = new Map<string, MadeRequest>()

  async function requestFor({ model }: RequestBody): Promise<MadeRequest> {
    const { req, url } = await client.buildRequest({
      method: 'post',
      path: '/chat/completions',
      body: { model, messages: [] },
    })
    const made = { url: new URL(url), headers: Object.fromEntries(req.headers) }
    requests.set(model, made)
    return made
  }

  return {
    async complete(body, signal) {
      const made = requests.get(body.model) ?? (await requestFor(body))
      const answer = await post({ ...made, body: JSON.stringify(body), timeoutMs, signal })
      if (answer.status < 200 || answer.status > 299) throw refusalOf(answer)
      return isJson(answer) ? parse(answer.text) : answer.text
    },
  }
}

function clientOf({ apiKey, baseUrl, apiVersion, headers }: Provider, timeoutMs: number): OpenAI {
  const options = {
    apiKey,
    baseURL: baseUrl,
    timeout: timeoutMs,
    // The client would read these from the environment and send them to any provider.
    organization: null,
    project: null,
    logLevel: 'off' as const,
    defaultHeaders: { ...headers },
  }
  return withoutHeadersOfEnvironment(() =>
    apiVersion === undefined || apiVersion === null ? new OpenAI(options) : new AzureOpenAI({ ...options, apiVersion }),
  )
}

/** Sent to any provider as well, in place of its own key even; the client takes no option against them. */
const HEADERS_VARIABLE = 'OPENAI_CUSTOM_HEADERS'

function withoutHeadersOfEnvironment<T>(make: () => T): T {
  const given = process.env[HEADERS_VARIABLE]
  if (given === undefined) return make()
  delete process.env[HEADERS_VARIABLE]
  try {
    return make()
  } finally {
    process.env[HEADERS_VARIABLE] = given
  }
}

function isJson({ headers }: PostAnswer): boolean {
  const type = [headers['content-type'] ?? ''].flat()[0]?.split(';')[0]?.trim().toLowerCase() ?? ''
  return type.includes('application/json') || type.endsWith('+json')
}

const parse = (text: string): unknown => (text === '' ? undefined : JSON.parse(text))

function refusalOf({ status, headers, text }: PostAnswer): InstanceType<typeof OpenAI.APIError> {
  const body = objectIn(text)
  const given = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  )
  return OpenAI.APIError.generate(status, body, body === undefined ? text : undefined, new Headers(given))
}

function objectIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
