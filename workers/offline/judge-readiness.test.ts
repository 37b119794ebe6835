import { expect, test } from 'vitest'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { pricesLacking, pricesOfAsked } from './judge-readiness.ts'

const judge = { models: ['openai/a'], fallbacks: ['anthropic/b', 'openai/c'] }
const method = { kind: 'metric', judge } as unknown as OfflineEvalPlan['method']
const prices = { 'openai/a': { input: 1, output: 1 } }
const cheaper = (name: string) => ({ currency: 'USD' as const, perRunMicros: 1, perMonthMicros: null, cheaper: name })

test('a fallback that no provider serves needs no price, and nothing is reserved for it; all others that lack one are named', () => {
  const lacking = (providers: string[], more: Pick<OfflineEvalPlan, 'budget'> = { budget: null }) => {
    const served = new Map(providers.map((name) => [name, {}]))
    return pricesLacking({ method, ...more }, pricesOfAsked({ method, ...more }, prices, served, null), null)
  }
  expect(lacking(['openai', 'anthropic'])).toEqual(['anthropic/b', 'openai/c'])
  expect(lacking(['openai'])).toEqual(['openai/c'])
  expect(lacking(['openai'], { budget: cheaper('anthropic/b') })).toEqual(['anthropic/b', 'openai/c'])
  const dear = { ...prices, 'anthropic/b': { input: 9, output: 9 } }
  const asked = (name: string) =>
    pricesOfAsked({ method, budget: null }, dear, new Map([[name, {}]]), null)['anthropic/b']
  expect([asked('openai'), asked('anthropic')]).toEqual([
    { input: 0, output: 0 },
    { input: 9, output: 9 },
  ])
})
