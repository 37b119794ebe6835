import { expect, test } from 'vitest'
import { parseJudgeName, providersByName, variableOf } from './providers.ts'

test('a provider that is known by its name needs a key alone, another one an address', () => {
  const providers = providersByName([
    { name: 'openai', baseUrl: null, apiKey: 'sk' },
    { name: 'my-vllm', baseUrl: 'http://gpu:8000/v1', apiKey: null },
    { name: 'acme', baseUrl: null, apiKey: 'key' },
  ])
  expect([...providers.values()]).toMatchObject([
    { name: 'openai', baseUrl: 'https://api.openai.com/v1', apiKey: 'sk' },
    { name: 'my-vllm', baseUrl: 'http://gpu:8000/v1', apiKey: 'none' },
  ])
})

test('names of judges', () => {
  expect(parseJudgeName('openai/gpt-5-mini')).toEqual({ provider: 'openai', model: 'gpt-5-mini' })
  expect(parseJudgeName('openrouter/meta/llama')).toEqual({ provider: 'openrouter', model: 'meta/llama' })
  expect(parseJudgeName('gpt-5-mini')).toEqual({ provider: '', model: 'gpt-5-mini' })
})

test('which variable to set', () => {
  expect(variableOf('my-vllm')).toBe('ASSAY_PROVIDER_MY_VLLM_BASE_URL')
  expect(variableOf('anthropic')).toBe('ASSAY_PROVIDER_ANTHROPIC_API_KEY')
})
