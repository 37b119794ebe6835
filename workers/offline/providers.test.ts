import { expect, test } from 'vitest'
import { parseJudgeName, providersFromEnv, variableOf } from './providers.ts'

test.each([
  ['nothing', {}, []],
  ['a key of OpenAI', { OPENAI_API_KEY: 'sk' }, [['openai', 'https://api.openai.com/v1', 'sk']]],
  [
    'a server of one’s own without a key',
    { OPENAI_BASE_URL: 'http://localhost:8000/v1' },
    [['openai', 'http://localhost:8000/v1', 'none']],
  ],
  [
    'Assay’s own variable before the common one',
    { OPENAI_BASE_URL: 'http://a/v1', ASSAY_OPENAI_BASE_URL: 'http://b/v1', OPENAI_API_KEY: 'sk' },
    [['openai', 'http://b/v1', 'sk']],
  ],
  [
    'empty variables',
    { OPENAI_API_KEY: '', ASSAY_OPENAI_BASE_URL: '', OPENAI_BASE_URL: 'http://a/v1' },
    [['openai', 'http://a/v1', 'none']],
  ],
  [
    'others by name',
    { ASSAY_PROVIDER_MY_VLLM_BASE_URL: 'http://gpu:8000/v1', ASSAY_PROVIDER_ANTHROPIC_API_KEY: 'key' },
    [
      ['my-vllm', 'http://gpu:8000/v1', 'none'],
      ['anthropic', 'https://api.anthropic.com/v1', 'key'],
    ],
  ],
])('%s', (_, env, expected) => {
  const { byName, problems } = providersFromEnv(env)
  expect([...byName.values()].map(({ name, baseUrl, apiKey }) => [name, baseUrl, apiKey])).toEqual(expected)
  expect(problems).toEqual([])
})

test('what cannot be used is said, without the key', () => {
  const { byName, problems } = providersFromEnv({
    ASSAY_PROVIDER_ACME_API_KEY: 'secret',
    OPENAI_BASE_URL: 'localhost:8000',
    ASSAY_PROVIDER_OK_BASE_URL: 'https://ok.example/v1',
  })
  expect([...byName.keys()]).toEqual(['ok'])
  expect(problems).toEqual([
    'The provider acme has a key but no base URL: set ASSAY_PROVIDER_ACME_BASE_URL.',
    'The base URL of the provider openai is not an http or https URL.',
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
