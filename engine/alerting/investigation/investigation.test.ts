import { expect, test } from 'vitest'
import { type ContrastedTrace, contrast } from './contrast.ts'
import { attributeFeature } from './feature.ts'
import type { Feature } from './investigation.ts'

/** Small and fast, with a seed. https://prng.di.unimi.it/splitmix64.c, in 32 bits. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32
  }
}

const pick = (random: () => number, all: readonly string[]): string => all[Math.floor(random() * all.length)]!

interface World {
  readonly failing: (trace: Readonly<Record<string, string>>, random: () => number) => boolean
  readonly count?: number
}

/** Traffic of two versions, three models, five tools, prompts that come with the versions, and attributes. */
function tracesOf(seed: number, { failing, count = 400 }: World): ContrastedTrace[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, () => {
    const version = pick(random, ['1.9', '2.0'])
    const labels: Record<string, string> = {
      'agent.version': version,
      prompt: version === '2.0' ? 'bb' : 'aa',
      model: pick(random, ['gpt-5', 'gpt-5-mini', 'claude']),
      tool: pick(random, ['search', 'refund', 'cart', 'mail', 'calendar']),
      'attr("tier")': pick(random, ['gold', 'silver', 'bronze']),
      'attr("region")': pick(random, ['eu', 'us', 'ap', 'sa', 'af', 'me']),
      'attr("rare")': pick(
        random,
        Array.from({ length: 200 }, (_, i) => `r${i}`),
      ),
    }
    const features: Feature[] = Object.entries(labels).map(([label, value]) => ({ label, value }))
    return { isFailing: failing(labels, random), features }
  })
}

test.each<[string, string, string, World['failing']]>([
  ['a tool', 'tool', 'refund', ({ tool }, random) => random() < (tool === 'refund' ? 0.6 : 0.05)],
  ['a model', 'model', 'claude', ({ model }, random) => random() < (model === 'claude' ? 0.4 : 0.05)],
  [
    'an attribute',
    'attr("region")',
    'sa',
    (trace, random) => random() < (trace['attr("region")'] === 'sa' ? 0.7 : 0.1),
  ],
])('what %s brings is named first', (_, label, value, failing) => {
  for (let seed = 1; seed <= 20; seed++) {
    const { outcome, findings } = contrast(tracesOf(seed, { failing }))
    expect(outcome).toBe('found')
    expect(findings[0]).toMatchObject({ label, value, isAbsent: false })
    expect(findings[0]!.interval.low).toBeGreaterThan(1)
  }
})

test('a version is named before the prompt that came with it, which stands beside it', () => {
  const traces = tracesOf(3, { failing: (trace, random) => random() < (trace['agent.version'] === '2.0' ? 0.3 : 0.03) })
  expect(contrast(traces).findings).toMatchObject([
    { label: 'agent.version', value: '2.0', also: [{ label: 'prompt', value: 'bb' }] },
  ])
})

test('two causes are two findings; what only comes with one is none of its own', () => {
  const traces = tracesOf(5, {
    count: 1_500,
    failing: ({ tool, model }, random) => random() < (tool === 'refund' || model === 'claude' ? 0.5 : 0.04),
  }).map((trace) => ({
    ...trace,
    // Comes with the tool most of the time, and with a few others.
    features: trace.features.some(({ value }) => value === 'refund' || value === 'r1')
      ? [...trace.features, { label: 'attr("queue")', value: 'money' }]
      : trace.features,
  }))
  const { findings } = contrast(traces)
  expect(findings.map(({ value }) => value).sort()).toEqual(['claude', 'refund'])
  expect(findings.find(({ value }) => value === 'refund')?.also).toEqual([{ label: 'attr("queue")', value: 'money' }])
})

test('a call that failing traces lack is named as lacking', () => {
  const random = randomOf(1)
  const traces = Array.from({ length: 200 }, (): ContrastedTrace => {
    const looked = random() < 0.8
    return {
      isFailing: random() < (looked ? 0.05 : 0.7),
      features: looked ? [{ label: 'tool', value: 'lookup' }] : [],
    }
  })
  expect(contrast(traces).findings).toMatchObject([{ label: 'tool', value: 'lookup', isAbsent: true }])
})

test('where nothing is the matter, something is named no more often than promised', () => {
  const runs = 400
  let named = 0
  for (let seed = 1; seed <= runs; seed++)
    if (contrast(tracesOf(seed * 7919, { count: 300, failing: (_, random) => random() < 0.15 })).outcome === 'found')
      named++
  // 5% of 400 are 20; more than 32 come of one in 200 such tests.
  expect(named).toBeLessThanOrEqual(32)
})

test('of a few traces nothing is said', () => {
  const few = tracesOf(1, { count: 40, failing: () => false }).map((trace, i) => ({ ...trace, isFailing: i < 4 }))
  expect(contrast(few)).toEqual({ outcome: 'too_few', tested: 0, findings: [] })
})

test.each([
  ['acme.tier', '"gold"', { label: 'attr("acme.tier")', value: 'gold' }],
  ['http.response.status_code', '500', { label: 'attr("http.response.status_code")', value: '500' }],
  ['feature.new_ranker', 'true', { label: 'attr("feature.new_ranker")', value: 'true' }],
  ['enduser.id', '"ann"', null],
  ['user.email', '"a@b.c"', null],
  ['gen_ai.usage.output_tokens', '12', null],
  ['gen_ai.request.model', '"gpt-5"', null],
  ['gen_ai.request.temperature', '0.7', null],
  ['input.value', '"hello"', null],
  ['acme.note', `"${'x'.repeat(80)}"`, null],
  ['acme.list', '["a"]', null],
])('the attribute %s of %s', (name, json, feature) => {
  expect(attributeFeature(name, json)).toEqual(feature)
})
