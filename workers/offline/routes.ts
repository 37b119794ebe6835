/** Several providers of one model: which of them is called first, and which then. */
import { createHash } from 'node:crypto'
import type { JudgePrompt } from '../../engine/judge/question.ts'
import type { JudgeClient } from './judge-client.ts'
import type { Prices } from './prices.ts'
import { type ProviderSettings, parseJudgeName } from './providers.ts'

interface Route {
  name: string
  order: number
  weight: number
}

/** By the provider that judges name: itself, and those that serve its models too. */
function routesByName(settings: readonly ProviderSettings[]): Map<string, Route[]> {
  const routes = new Map<string, Route[]>()
  for (const { name, order = 1, weight = 1, alsoFor } of settings)
    for (const served of new Set([name, alsoFor ?? name]))
      routes.set(served, [...(routes.get(served) ?? []), { name, order, weight }])
  return routes
}

/**
 * Asks for each judge the providers that serve its model: by order, and within an order by a hash of the question, weighted, so that the same
 * question goes to the same provider, whose answer may be in the cache.
 */
export function withRoutes(client: JudgeClient, settings: readonly ProviderSettings[]): JudgeClient {
  const routes = routesByName(settings)
  if ([...routes.values()].every(({ length }) => length < 2)) return client
  const servingOf = (judge: string, key: string): string[] => {
    const { provider, model } = parseJudgeName(judge)
    const serving = routes.get(provider) ?? []
    return serving.length < 2 ? [judge] : inOrder(serving, key).map(({ name }) => `${name}/${model}`)
  }
  return {
    async recall(judge, question) {
      for (const one of servingOf(judge, keyOf(question))) {
        const known = (await client.recall?.(one, question)) ?? null
        // Whoever served the model, the judge is the one that the eval names.
        if (known !== null) return { ...known, usage: { ...known.usage, answeredBy: [judge] } }
      }
      return null
    },
    ask: async (judges, question, signal, beganMs) => {
      const key = keyOf(question)
      const named = new Map<string, string>()
      const all = judges.flatMap((judge) => {
        const asked = servingOf(judge, key)
        for (const one of asked) if (!named.has(one)) named.set(one, judge)
        return asked
      })
      const outcome = await client.ask(all, question, signal, beganMs)
      if (outcome.kind === 'aborted' || outcome.usage.answeredBy === undefined) return outcome
      const answeredBy = outcome.usage.answeredBy.map((one) => named.get(one) ?? one)
      return { ...outcome, usage: { ...outcome.usage, answeredBy } }
    },
  }
}

/** Prices of a model are those of every provider that serves it, where it has none of its own. */
export function pricesOfRoutes(prices: Prices, settings: readonly ProviderSettings[]): Prices {
  const all: Record<string, Prices[string]> = { ...prices }
  for (const { name, alsoFor } of settings) {
    for (const [judge, price] of Object.entries(prices)) {
      const { provider, model } = parseJudgeName(judge)
      if (provider === alsoFor) all[`${name}/${model}`] ??= price
    }
  }
  return all
}

const keyOf = ({ messages, nonce }: Pick<JudgePrompt, 'messages' | 'nonce'>): string =>
  messages.map(({ content }) => (nonce === '' ? content : content.replaceAll(nonce, ''))).join('\n')

/** Weighted rendezvous: each is first of as many questions as its weight says, and a new one moves only what it gets. */
export function inOrder(routes: readonly Route[], key: string): Route[] {
  const rank = ({ name, weight }: Route): number => {
    const word = createHash('sha256').update(`${name}\n${key}`).digest().readUInt32BE(0)
    return -Math.log((word + 0.5) / 2 ** 32) / weight
  }
  return [...routes].sort((a, b) => a.order - b.order || rank(a) - rank(b))
}
