import { expect, test } from 'vitest'
import { familyOf, modelOf, twiceOn } from './model-names.ts'

test.each([
  ['openai/gpt-5-mini', 'gpt-5-mini', 'GPT'],
  ['azure/GPT-5-mini', 'gpt-5-mini', 'GPT'],
  ['gpt-4o-2024-11-20', 'gpt-4o-2024-11-20', 'GPT'],
  ['openai/o3-mini', 'o3-mini', 'GPT'],
  ['openrouter/anthropic/claude-haiku-4-5', 'claude-haiku-4-5', 'Claude'],
  ['bedrock/anthropic.claude-3-5-sonnet', 'anthropic.claude-3-5-sonnet', 'Claude'],
  ['google/gemini-2.5-flash', 'gemini-2.5-flash', 'Gemini'],
  ['vllm/meta-llama/Llama-3.3-70B', 'llama-3.3-70b', 'Llama'],
  ['ollama/qwen3:8b', 'qwen3:8b', 'Qwen'],
  ['acme/judge', 'judge', null],
  ['acme/ollie', 'ollie', null],
  ['acme/novated', 'novated', null],
  ['', '', null],
])('%s', (name, model, family) => {
  expect({ model: modelOf(name), family: familyOf(name) }).toEqual({ model, family })
})

test('one model of two providers is there twice', () => {
  expect(twiceOn(['openai/gpt-5', 'google/gemini-2.5-pro', 'azure/gpt-5'])).toEqual(['openai/gpt-5', 'azure/gpt-5'])
  expect(twiceOn(['openai/gpt-5', 'openai/gpt-5-mini'])).toBeNull()
})
