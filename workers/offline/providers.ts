/** Which judges' providers are configured. */

export interface Provider {
  /** First part of a judge's name: `openai` in `openai/gpt-5-mini`. */
  name: string
  /** Base URL of an OpenAI-compatible API, as its clients want it. */
  baseUrl: string
  apiKey: string
  /** Of all workers together; null for no limit. */
  concurrency?: number | null
  requestsPerMinute?: number | null
  tokensPerMinute?: number | null
  /** It gives the log-probabilities of tokens. */
  logprobs?: boolean
  /** Of Azure OpenAI: the key goes as `api-key`, models are deployments, the version is asked for. */
  apiVersion?: string | null
  /** Sent with each call, over the client's own. */
  headers?: Readonly<Record<string, string>>
}

/** Their OpenAI-compatible endpoints: a key is enough to use them. */
export const KNOWN_BASE_URLS: Readonly<Record<string, string>> = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
  google: 'https://generativelanguage.googleapis.com/v1beta/openai',
}

/** Servers that listen there unless told otherwise; they want no key. */
export const LOCAL_BASE_URLS: Readonly<Record<string, string>> = {
  ollama: 'http://127.0.0.1:11434/v1',
  vllm: 'http://127.0.0.1:8000/v1',
}

const DEFAULT_BASE_URLS: ReadonlyMap<string, string> = new Map(
  Object.entries({ ...KNOWN_BASE_URLS, ...LOCAL_BASE_URLS }),
)

/** Whether it needs no address in the configuration. */
export const hasDefaultBaseUrl = (provider: string): boolean => DEFAULT_BASE_URLS.has(provider)

/** Servers of one's own often want none, but the client insists on one. */
const NO_KEY = 'none'

/** Passes to threads by structured clone. */
export interface ProviderSettings {
  readonly name: string
  /** Null where the provider is known by its name. */
  readonly baseUrl: string | null
  readonly apiKey: string | null
  readonly concurrency?: number | null
  readonly requestsPerMinute?: number | null
  readonly tokensPerMinute?: number | null
  /** Another provider whose models it serves too. */
  readonly alsoFor?: string | null
  readonly order?: number
  readonly weight?: number
  readonly logprobs?: boolean
  readonly apiVersion?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

export function providersByName(settings: readonly ProviderSettings[]): ReadonlyMap<string, Provider> {
  const providers = settings.flatMap((one): Provider[] => {
    const { name, concurrency = null, requestsPerMinute = null, tokensPerMinute = null, logprobs = false } = one
    const { apiVersion = null, headers = {} } = one
    const baseUrl = one.baseUrl ?? DEFAULT_BASE_URLS.get(name)
    const apiKey = one.apiKey ?? NO_KEY
    return baseUrl === undefined
      ? []
      : [{ name, baseUrl, apiKey, concurrency, requestsPerMinute, tokensPerMinute, logprobs, apiVersion, headers }]
  })
  return new Map(providers.map((provider) => [provider.name, provider]))
}

/** `openai/gpt-5-mini` → provider `openai`, model `gpt-5-mini`; a model's name may have slashes of its own. */
export function parseJudgeName(judge: string): { provider: string; model: string } {
  const slash = judge.indexOf('/')
  return { provider: judge.slice(0, Math.max(0, slash)), model: judge.slice(slash + 1) }
}

/** The variable that a person has to set to configure a provider. */
export function variableOf(provider: string): string {
  if (provider === 'openai') return 'OPENAI_API_KEY (or ASSAY_OPENAI_BASE_URL for a server of your own)'
  const name = provider.toUpperCase().replace(/[^A-Z0-9]/g, '_')
  return Object.hasOwn(KNOWN_BASE_URLS, provider) ? `ASSAY_PROVIDER_${name}_API_KEY` : `ASSAY_PROVIDER_${name}_BASE_URL`
}
