/** The client of a provider's API: OpenAI's own, or its form for Azure. */
import OpenAI, { AzureOpenAI } from 'openai'
import { boundedFetch } from './bounded-fetch.ts'
import type { Provider } from './providers.ts'

export function openProviderClient({ apiKey, baseUrl, apiVersion, headers }: Provider, timeoutMs: number): OpenAI {
  const options = {
    apiKey,
    baseURL: baseUrl,
    timeout: timeoutMs,
    // Retries are ours: they are counted, jittered and testable.
    maxRetries: 0,
    // The client would read these from the environment and send them to any provider.
    organization: null,
    project: null,
    logLevel: 'off' as const,
    defaultHeaders: { ...headers },
    fetch: boundedFetch,
  }
  return apiVersion === undefined || apiVersion === null
    ? new OpenAI(options)
    : new AzureOpenAI({ ...options, apiVersion })
}
