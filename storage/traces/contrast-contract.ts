/** A part of the contract of the traces port: failing traces against passing ones. */
import { describe, expect, test } from 'vitest'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { ContrastQuery } from './contrast.ts'
import type { TracesStore } from './port.ts'

const T0_MS = Date.UTC(2026, 5, 1, 12)
const idOf = (i: number): string => (0xc000 + i).toString(16).padStart(32, '0')

export function contrastContract(storeOf: () => TracesStore, newTenant: () => string, newToken: () => string): void {
  describe('failing traces against passing ones', () => {
    const query: ContrastQuery = {
      evalId: 'shop/refund',
      measureHash: 'm',
      fromMs: T0_MS,
      toMs: T0_MS + 3_600_000,
      failing: { kind: 'verdict', failing: ['fail'], passing: ['pass'] },
      group: {},
      tracesOfEach: 100,
    }
    const result = (tenant: string, i: number, more: Parameters<typeof makeResult>[0] = {}) =>
      makeResult({
        tenant,
        evalId: query.evalId,
        measureHash: 'm',
        traceId: idOf(i),
        subjectTimeUs: T0_MS * 1_000,
        evaluatedAtMs: T0_MS + i,
        verdict: 'pass',
        ...more,
      })

    async function stored(): Promise<string> {
      const [store, tenant] = [storeOf(), newTenant()]
      const spans = Array.from({ length: 8 }, (_, i) => {
        const common = { tenant, traceId: idOf(i), startTimeUs: T0_MS * 1_000 + i, agentName: 'shop', env: 'prod' }
        const version = i < 4 ? '2.0' : '1.9'
        const system = { role: 'system', parts: [{ type: 'text' as const, content: `Be kind, says ${version}.` }] }
        return [
          makeSpan({
            ...common,
            spanId: '1'.padStart(16, '0'),
            kind: 'llm',
            agentVersion: version,
            model: 'gpt-5',
            provider: 'openai',
            inputMessages: [system, { role: 'user', parts: [{ type: 'text', content: `question ${i}` }] }],
            attributes: new Map<string, string | number | boolean>([
              ['acme.tier', i % 2 === 0 ? 'gold' : 'silver'],
              ['acme.note', 'x'.repeat(200)],
              ['enduser.id', `u${i}`],
            ]),
            resource: new Map([['cloud.region', 'eu']]),
          }),
          makeSpan({
            ...common,
            spanId: '2'.padStart(16, '0'),
            kind: 'tool',
            toolName: i < 3 ? 'refund' : 'search',
            status: i === 0 ? 'error' : 'ok',
          }),
        ]
      }).flat()
      await store.insertSpans(spans, newToken())
      await store.insertSpans(spans.slice(0, 4), newToken())
      const results = [
        ...[0, 1, 2].map((i) => result(tenant, i, { verdict: 'fail', score: 1, agentVersion: '2.0' })),
        ...[4, 5, 6, 7].map((i) => result(tenant, i, { score: 5, agentVersion: '1.9' })),
        // Of one that failed at first, and passes by its latest revision.
        result(tenant, 3, { verdict: 'fail', score: 5, agentVersion: '2.0' }),
        result(tenant, 3, { revision: 2, score: 5, agentVersion: '2.0' }),
        // Another measure, another time, nothing to say, a replay, and a trace of which no span is stored.
        result(tenant, 4, { measureHash: 'n', verdict: 'fail', evaluatedAtMs: T0_MS + 100 }),
        result(tenant, 5, { evaluatedAtMs: T0_MS - 1, verdict: 'fail', spanId: '5'.padStart(16, '0') }),
        result(tenant, 6, { verdict: 'unknown', spanId: '6'.padStart(16, '0') }),
        result(tenant, 7, { verdict: 'fail', runId: 'replay@x' }),
        result(tenant, 9, { score: 5 }),
      ]
      await store.insertResults(results, newToken())
      return tenant
    }

    const namesOf = (features: readonly { label: string; value: string }[]): string[] =>
      features.map(({ label, value }) => `${label}=${label === 'prompt' ? `${value.length} digits` : value}`).sort()

    test('a trace is of its latest verdicts, with what all of its spans have, once', async () => {
      const [store, tenant] = [storeOf(), await stored()]
      const { failing, passing, traces } = await store.contrastTraces(tenant, query)
      expect({ failing, passing }).toEqual({ failing: 3, passing: 6 })
      const bad = traces.filter(({ isFailing }) => isFailing)
      expect([bad.length, traces.length]).toEqual([3, 8])
      expect(bad.map(({ features }) => namesOf(features)).sort()[0]).toEqual([
        'agent.name=shop',
        'agent.version=2.0',
        'attr("acme.tier")=gold',
        'attr("cloud.region")=eu',
        'env=prod',
        'model=gpt-5',
        'prompt=12 digits',
        'provider=openai',
        'tool.failed=refund',
        'tool=refund',
      ])
      const prompts = new Set(
        traces.flatMap(({ features }) => features.filter(({ label }) => label === 'prompt').map(({ value }) => value)),
      )
      expect(prompts.size).toBe(2)
    })

    test('by a score, of a group, so many of each, and of one tenant', async () => {
      const [store, tenant] = [storeOf(), await stored()]
      const counted = async (more: Partial<ContrastQuery>, of = tenant) => {
        const { failing, passing, traces } = await store.contrastTraces(of, { ...query, ...more })
        return [failing, passing, traces.length]
      }
      expect(await counted({ failing: { kind: 'score', cmp: '<', limit: 3 } })).toEqual([3, 6, 8])
      expect(await counted({ failing: { kind: 'score', cmp: '>=', limit: 5 } })).toEqual([6, 3, 8])
      expect(await counted({ group: { 'agent.version': '2.0' } })).toEqual([3, 1, 4])
      expect(await counted({ measureHash: null })).toEqual([4, 5, 8])
      expect(await counted({}, newTenant())).toEqual([0, 0, 0])
      const sampled = await store.contrastTraces(tenant, { ...query, tracesOfEach: 2 })
      expect(sampled).toMatchObject({ failing: 3, passing: 6 })
      expect(sampled.traces.filter(({ isFailing }) => isFailing)).toHaveLength(2)
    })
  })
}
