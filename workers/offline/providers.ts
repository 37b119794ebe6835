/** Which judges' providers are configured: read from the environment once, at start. */

export interface Provider {
  /** First part of a judge's name: `openai` in `openai/gpt-5-mini`. */
  name: string
  /** Base URL of an OpenAI-compatible API, as its clients want it. */
  baseUrl: string
  apiKey: string
}

export interface Providers {
  byName: ReadonlyMap<string, Provider>
  /** Settings that cannot be used, in words; the others stand. */
  problems: string[]
}

/** Their OpenAI-compatible endpoints: a key is enough to use them. */
const KNOWN_BASE_URLS: Readonly<Record<string, string>> = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
  google: 'https://generativelanguage.googleapis.com/v1beta/openai',
}

/** Servers of one's own often want none, but the client insists on one. */
const NO_KEY = 'none'
const SETTING = /^ASSAY_PROVIDER_([A-Z0-9_]+?)_(BASE_URL|API_KEY)$/

/**
 * `OPENAI_API_KEY`, `ASSAY_OPENAI_BASE_URL` (else `OPENAI_BASE_URL`) configure `openai`; `ASSAY_PROVIDER_<NAME>_BASE_URL` and
 * `ASSAY_PROVIDER_<NAME>_API_KEY` any other, `MY_VLLM` being `my-vllm` in `.eval` files. A key alone is enough for `anthropic`
 * and `google`, a base URL alone for a server that asks for no key. An empty variable is the same as none.
 */
export function providersFromEnv(env: Readonly<Record<string, string | undefined>>): Providers {
  const settings = new Map<string, { baseUrl?: string; apiKey?: string }>()
  const set = (name: string, part: 'baseUrl' | 'apiKey', value: string | undefined) => {
    if (value !== undefined && value !== '') settings.set(name, { ...settings.get(name), [part]: value })
  }
  for (const [variable, value] of Object.entries(env)) {
    const match = SETTING.exec(variable)
    if (match?.[1] === undefined) continue
    set(match[1].toLowerCase().replaceAll('_', '-'), match[2] === 'BASE_URL' ? 'baseUrl' : 'apiKey', value)
  }
  set('openai', 'baseUrl', env.ASSAY_OPENAI_BASE_URL || env.OPENAI_BASE_URL)
  set('openai', 'apiKey', env.OPENAI_API_KEY)

  const byName = new Map<string, Provider>()
  const problems: string[] = []
  for (const [name, { baseUrl = KNOWN_BASE_URLS[name], apiKey = NO_KEY }] of settings) {
    if (baseUrl === undefined) problems.push(`The provider ${name} has a key but no base URL: set ${variableOf(name)}.`)
    else if (!isHttpUrl(baseUrl)) problems.push(`The base URL of the provider ${name} is not an http or https URL.`)
    else byName.set(name, { name, baseUrl, apiKey })
  }
  return { byName, problems }
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
  return provider in KNOWN_BASE_URLS ? `ASSAY_PROVIDER_${name}_API_KEY` : `ASSAY_PROVIDER_${name}_BASE_URL`
}

function isHttpUrl(text: string): boolean {
  const protocol = URL.parse(text)?.protocol
  return protocol === 'http:' || protocol === 'https:'
}
