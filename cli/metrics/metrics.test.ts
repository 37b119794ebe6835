import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Gauge, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createGateway } from '../../ingest/gateway.ts'
import { statsOfApi } from '../../server/api.ts'
import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { AGENT_TRACES, onlineTopics } from '../../storage/log/topics.ts'
import { measuredLog } from '../../storage/metrics/measured.ts'
import { boundedLabel } from '../../storage/metrics/registry.ts'
import { openGate } from '../../test/support/open-gate.ts'
import type { RoleHealth } from '../health.ts'
import { collectMetrics, type ThreadMetrics } from './collect.ts'
import { metricRows, withMetrics } from './page.ts'

const root = join(import.meta.dirname, '..', '..')

test('what the roles count, the log lacks and other threads measured is one text', async () => {
  const log = measuredLog(await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null }))
  await log.ensureTopics(onlineTopics)
  const gateway = createGateway({ log, gate: openGate })
  gateway.counters.acceptedSpans = 7
  gateway.counters.rejected.rate_limited = 2
  for (let i = 0; i < 5; i++) await log.append(AGENT_TRACES, [{ key: null, partition: 0, value: new Uint8Array([1]) }])
  const roles: RoleHealth[] = [
    { name: 'gateway', stats: async () => ({ ...gateway.stats() }) },
    {
      name: 'trans',
      stats: async () => ({ evaluate: { verdicts: { pass: 3, fail: 1 } }, notifications: { deadLettered: 4 } }),
    },
    { name: 'trans-store', stats: async () => ({ spans: 9, storedUpToMs: 1_500 }) },
    { name: 'worker', stats: () => Promise.reject(new Error('gone')) },
    { name: 'api', stats: async () => statsOfApi({ streams: () => null, openConnections: () => 6 }) },
    { name: 'offline', stats: async () => ({ judges: { states: { openai: 'closed', azure: 'open' } } }) },
  ]
  const other = new Registry()
  new Gauge({ name: 'assay_heap_used_bytes', help: 'h', labelNames: ['thread'], registers: [other] }).set(
    { thread: 'x' },
    5,
  )
  // As it comes from a thread.
  const thread: ThreadMetrics = structuredClone(await other.getMetricsAsJSON())
  const text = await collectMetrics({
    roles: () => roles,
    threads: () => [Promise.resolve(thread), Promise.reject(new Error('ended'))],
    log,
    groups: ['trans-evaluate'],
  })
  for (const line of [
    '# TYPE assay_gateway_spans_total counter',
    'assay_gateway_spans_total 7',
    'assay_gateway_rejected_requests_total{reason="rate_limited"} 2',
    'assay_gateway_breaker_state{state="closed"} 1',
    'assay_gateway_breaker_state{state="open"} 0',
    'assay_verdicts_total{verdict="fail"} 1',
    'assay_judge_provider_state{provider="openai",state="closed"} 1',
    'assay_judge_provider_state{provider="openai",state="open"} 0',
    'assay_judge_provider_state{provider="azure",state="half_open"} 0',
    'assay_judge_provider_state{provider="azure",state="open"} 1',
    'assay_http_open_connections 6',
    'assay_dead_letters_total{part="notifications"} 4',
    'assay_store_up_to_seconds 1.5',
    'assay_log_lag_records{group="trans-evaluate",topic="agent-traces"} 5',
    'assay_log_append_seconds_count{topic="agent-traces",outcome="ok"} 5',
    'assay_heap_used_bytes{thread="x"} 5',
  ])
    expect(text.split('\n')).toContain(line)
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
  // A part that is not here is left out.
  expect(text).not.toContain('assay_replay')
  await log.close()
})

test.each(metricRows())('$name keeps to the conventions', ({ name, type, labels, help }) => {
  expect(name).toMatch(/^assay_[a-z_]+$/)
  expect(name.endsWith('_total')).toBe(type === 'counter')
  if (type === 'histogram') expect(name).toMatch(/_(seconds|spans|rows)$/)
  for (const label of labels)
    expect([
      'reason',
      'state',
      'verdict',
      'part',
      'group',
      'topic',
      'outcome',
      'operation',
      'eval',
      'provider',
      'direction',
      'thread',
      'quantile',
      'level',
      'listener',
    ]).toContain(label)
  expect(help).toMatch(/[.`)]$/)
  expect(help).not.toContain('|')
})

test('names are used once', () => {
  const names = metricRows().map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

test('the page has every metric, and what it asks for is there', () => {
  const page = readFileSync(join(root, 'docs', 'operations', 'metrics.md'), 'utf8')
  expect(withMetrics(page), 'npm run docs').toBe(page)
  const known = new Set(metricRows().map(({ name }) => name))
  const asked = page.slice(page.indexOf('## What to look at')).match(/assay_[a-z_]+/g) ?? []
  expect(asked.length).toBeGreaterThan(5)
  for (const name of asked) expect(known).toContain(name.replace(/_(bucket|sum|count)$/, ''))
})

test('the autoscalers ask for metrics that there are', () => {
  const known = new Set(metricRows().map(({ name }) => name))
  for (const role of ['trans-evaluate', 'trans-store']) {
    const patch = readFileSync(join(root, 'deploy', 'kubernetes', 'components', 'lag', `${role}.yaml`), 'utf8')
    const [, name = ''] = /name: (\w+_lag_\w+)/.exec(patch) ?? []
    expect(known).toContain(name)
    expect(patch).toContain(`group: ${role}`)
  }
})

test('a label has as many values as it may', () => {
  const label = boundedLabel(2)
  expect(['a', 'b', 'c', 'a', 'd'].map(label)).toEqual(['a', 'b', 'other', 'a', 'other'])
})
