/** Two tenants on one instance, through the real loops, stores and log: each is judged, masked and paged by its own definitions alone. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startAlertEvaluator } from '../alerting/evaluator.ts'
import { parseNotification } from '../alerting/notification.ts'
import { planOf } from '../dsl/testing.ts'
import { type FollowedDefinitions, followDefinitions } from '../storage/definitions/follow.ts'
import { plansOf } from '../storage/definitions/plans.ts'
import { publishDefinitions } from '../storage/definitions/publish.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import {
  AGENT_TRACES,
  ALERTS,
  alertTopics,
  definitionTopics,
  NOTIFICATIONS,
  onlineTopics,
} from '../storage/log/topics.ts'
import { openTraces } from '../storage/traces/open.ts'
import type { TracesStore } from '../storage/traces/port.ts'
import { redactorsOf } from '../workers/online/compiled-plans.ts'
import { startEvaluateLoop } from '../workers/online/evaluate-loop.ts'
import { spanIdOf, traceIdOf, traceRecord } from '../workers/online/fixtures/records.ts'
import { startStoreLoop } from '../workers/online/store-loop.ts'

/** Of the same names, so that only the tenant tells them apart. `unset` has pushed nothing. */
const DEFINITIONS = {
  default: `package shop
pattern code = /house-[0-9]+/
online eval rule {
  on:     llm_call
  pass:   not (output.text matches code)
  missing: unknown
  redact: output.text
}
alert fires { on: rule  when: count(fail) >= 1 over 1h  severity: page  notify: slack("#ops") }
`,
  acme: `package shop
pattern code = /acme-[0-9]+/
online eval rule {
  on:     llm_call
  pass:   not (output.text matches code)
  missing: unknown
  redact: output.text
}
online eval whole { on: trace  pass: count(span) == 2 }
alert fires { on: rule  when: count(fail) >= 1 over 1h  severity: page  notify: slack("#ops") }
`,
  rival: `package shop
pattern code = /rival-[0-9]+/
online eval rule {
  on:     llm_call
  pass:   not (output.text matches code)
  missing: unknown
  redact: output.text
}
alert fires { on: rule  when: count(fail) >= 3 over 1h  severity: page  notify: slack("#ops") }
`,
} as const
const TEXT = 'house-1 acme-1 rival-1'
const tenants = ['default', 'acme', 'rival', 'unset'] as const

let folder: string
let log: EmbeddedLog
let traces: TracesStore
let definitions: FollowedDefinitions
const running: { drain(): Promise<void> }[] = []
const problems: string[] = []
const onProblem = (text: string): void => void problems.push(text)
const nowMs = Date.now
const eventually = (look: () => void | Promise<void>) => vi.waitFor(look, { timeout: 20_000, interval: 20 })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-tenants-'))
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null, nowMs })
  await log.ensureTopics([...onlineTopics, ...alertTopics, ...definitionTopics])
  traces = await openTraces({ dataDir: folder, nowMs })
  await traces.migrate()
  definitions = await followDefinitions({ log, onChange: () => {}, onProblem, pollMs: 3_600_000 })
  for (const [tenant, text] of Object.entries(DEFINITIONS)) {
    const push = { tenant, plan: planOf(text), revision: null, pushedAtMs: nowMs() }
    expect(await publishDefinitions(log, definitions.current(tenant), push)).toMatchObject({ ok: true })
    await definitions.refresh()
  }
  const plans = plansOf(definitions)
  const redactors = redactorsOf(plans, onProblem)
  running.push(
    await startEvaluateLoop({
      log,
      definitions: plans,
      traces,
      nowMs,
      onProblem,
      times: { settleMs: 50 },
    }),
    await startAlertEvaluator({ log, definitions: plans, nowMs, onProblem }),
    await startStoreLoop({ log, traces, definitions: (tenant) => redactors.of(tenant), nowMs, onProblem }),
  )
  // The same ids in every tenant, in turn within one partition.
  const spans = [
    { trace: 1, id: 1, operation: 'invoke_agent', startMs: nowMs() },
    { trace: 1, id: 2, parent: 1, output: TEXT, startMs: nowMs() },
  ] as const
  for (const span of spans) for (const tenant of tenants) await log.append(AGENT_TRACES, [traceRecord(tenant, [span])])
}, 30_000)

afterAll(async () => {
  for (const role of running) await role.drain()
  await definitions.close()
  await log.close()
  await traces.close()
  rmSync(folder, { recursive: true, force: true })
})

async function recordsOf(topic: string) {
  const found = []
  for (const { partition } of await log.endOffsets(topic)) found.push(...(await log.read(topic, partition, 0, 1_000)))
  return found
}
const verdicts = async (tenant: string): Promise<string[]> =>
  (await traces.queryResults(tenant, { limit: 100 }))
    .map(({ evalId, spanId, verdict, evidence }) => `${evalId} ${spanId} ${verdict} ${evidence.length}`)
    .sort()
const textIn = async (tenant: string): Promise<string | undefined> =>
  (await traces.getTrace(tenant, traceIdOf(1))).find(({ spanId }) => spanId === spanIdOf(2))?.outputText

test("each tenant's spans and traces are judged by its own definitions", async () => {
  await eventually(async () => {
    expect(await verdicts('default')).toEqual([`shop/rule ${spanIdOf(2)} fail 1`])
    expect(await verdicts('acme')).toEqual([`shop/rule ${spanIdOf(2)} fail 1`, 'shop/whole  pass 0'])
    expect(await verdicts('rival')).toEqual([`shop/rule ${spanIdOf(2)} fail 1`])
  })
  expect(await verdicts('unset')).toEqual([])
})

test('each is masked by its own, and who has none keeps its text', async () => {
  await eventually(async () => {
    expect(await textIn('default')).toMatch(/^(?!house-1)\S{7} acme-1 rival-1$/)
    expect(await textIn('acme')).toMatch(/^house-1 (?!acme-1)\S{6} rival-1$/)
    expect(await textIn('rival')).toMatch(/^house-1 acme-1 (?!rival-1)\S{7}$/)
    expect(await textIn('unset')).toBe(TEXT)
  })
})

test("alerts of one never fire by another's results, and no message mixes them", async () => {
  await eventually(async () => {
    const fired = (await recordsOf(ALERTS)).map(({ headers }) => `${headers.tenant} ${headers.alert} ${headers.to}`)
    expect(fired.sort()).toEqual(['acme shop/fires firing', 'default shop/fires firing'])
  })
  const told = (await recordsOf(NOTIFICATIONS)).map(({ value }) => parseNotification(value))
  expect(told).toHaveLength(2)
  for (const parsed of told) {
    if (!parsed.ok || parsed.notification.kind !== 'alert') throw new Error('not an alert')
    const { tenant, transition, id } = parsed.notification
    expect(id.startsWith(`${tenant}/`)).toBe(true)
    expect(transition.numbers.total).toBe(1)
  }
})

test('definitions that one pushes come into force for it alone', async () => {
  const plan = planOf('package shop\nonline eval other { on: llm_call  pass: duration <= 1h }\n')
  const before = await verdicts('acme')
  const push = { tenant: 'unset', plan, revision: null, pushedAtMs: nowMs() }
  await publishDefinitions(log, definitions.current('unset'), push)
  await definitions.refresh()
  const span = { trace: 2, id: 3, startMs: nowMs(), output: 'all is well' }
  for (const tenant of ['unset', 'acme']) await log.append(AGENT_TRACES, [traceRecord(tenant, [span])])
  await eventually(async () => {
    expect(await verdicts('unset')).toEqual([`shop/other ${spanIdOf(3)} pass 0`])
    expect(await verdicts('acme')).toEqual([...before, `shop/rule ${spanIdOf(3)} pass 0`, 'shop/whole  fail 0'].sort())
  })
  expect(problems).toEqual([])
})
