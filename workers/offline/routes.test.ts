import { describe, expect, test } from 'vitest'
import type { Question } from '../../engine/judge/question.ts'
import type { JudgeClient } from './judge-client.ts'
import type { ProviderSettings } from './providers.ts'
import { inOrder, pricesOfRoutes, withRoutes } from './routes.ts'

const settings: ProviderSettings[] = [
  { name: 'openai', baseUrl: null, apiKey: null, weight: 3 },
  { name: 'azure', baseUrl: 'https://azure.test', apiKey: null, alsoFor: 'openai' },
  { name: 'spare', baseUrl: 'https://spare.test', apiKey: null, alsoFor: 'openai', order: 2 },
  { name: 'local', baseUrl: 'http://localhost', apiKey: null },
]

const questionOf = (content: string, nonce = ''): Question<string> => ({
  messages: [{ role: 'user', content: `${nonce}${content}${nonce}` }],
  schema: {},
  schemaName: 'x',
  promptVersion: '1',
  nonce,
  cut: [],
  read: (text) => ({ kind: 'answer', answer: text }),
})

describe('several providers of one model', () => {
  const asked: (readonly string[])[] = []
  const client: JudgeClient = {
    ask: async (judges) => {
      asked.push(judges)
      return { kind: 'aborted' }
    },
  }
  const { signal } = new AbortController()

  test('stand in for one another within one question, before the eval’s own fallbacks', async () => {
    await withRoutes(client, settings).ask(['openai/gpt-5-mini', 'local/small'], questionOf('a'), signal)
    const [judges = []] = asked.splice(0)
    expect([...judges].sort()).toEqual(['azure/gpt-5-mini', 'local/small', 'openai/gpt-5-mini', 'spare/gpt-5-mini'])
    expect(judges.slice(2)).toEqual(['spare/gpt-5-mini', 'local/small'])
  })

  test('the same question goes to the same one, whatever its nonce', async () => {
    const routed = withRoutes(client, settings)
    for (const nonce of ['n1', 'n2', 'n3']) await routed.ask(['openai/m'], questionOf('the same', nonce), signal)
    expect(new Set(asked.splice(0).map((judges) => judges.join())).size).toBe(1)
  })

  test('each gets as much as its weight says', () => {
    const routes = [
      { name: 'openai', order: 1, weight: 3 },
      { name: 'azure', order: 1, weight: 1 },
    ]
    const first = Array.from({ length: 4_000 }, (_, i) => inOrder(routes, `question ${i}`)[0]?.name)
    const share = first.filter((name) => name === 'openai').length / first.length
    // Standard deviation 0.0068.
    expect(Math.abs(share - 0.75)).toBeLessThan(0.03)
  })

  test('a lone provider is asked as ever', () => {
    expect(withRoutes(client, settings.slice(3))).toBe(client)
  })

  test('prices are those of the model, unless it has its own there', () => {
    const prices = {
      'openai/m': { input: 1, output: 2 },
      'openai/n': { input: 3, output: 4 },
      'azure/n': { input: 5, output: 6 },
    }
    expect(pricesOfRoutes(prices, settings)).toMatchObject({
      'azure/m': { input: 1, output: 2 },
      'azure/n': { input: 5, output: 6 },
      'spare/n': { input: 3, output: 4 },
    })
  })
})
