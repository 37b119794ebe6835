/**
 * What the previous release wrote opens in this one: a data folder of its making, and the records of its topics on a real Kafka.
 * `test/fixtures/previous-release/make.ts` makes the fixture, once a release.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants, zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { loadCheckpoints } from '../alerting/checkpoint.ts'
import { startAlertEvaluator } from '../alerting/evaluator.ts'
import { parseNotification } from '../alerting/notification.ts'
import { loadEvals } from '../cli/load-evals.ts'
import type { Plan } from '../dsl/plan.ts'
import { compileRedaction } from '../engine/redact/redact.ts'
import { buildApi } from '../server/api.ts'
import { followDefinitions } from '../storage/definitions/follow.ts'
import { plansOfOne } from '../storage/definitions/plans.ts'
import { listDeadLetters } from '../storage/log/dead-letters.ts'
import { openEmbeddedLog } from '../storage/log/embedded.ts'
import { type KafkaSettings, parseKafkaUrl } from '../storage/log/kafka/config.ts'
import { openKafkaLog } from '../storage/log/kafka.ts'
import type { Log } from '../storage/log/port.ts'
import { alertTopics, definitionTopics, NOTIFICATIONS, onlineTopics } from '../storage/log/topics.ts'
import { openQueue } from '../storage/queue/open-queue.ts'
import { openTraces } from '../storage/traces/open.ts'
import type { TracesStore } from '../storage/traces/port.ts'
import { startEvaluateLoop } from '../workers/online/evaluate-loop.ts'
import { startStoreLoop } from '../workers/online/store-loop.ts'
import { type KafkaBroker, startKafkaBroker } from './support/kafka-broker.ts'
import { kafkaIsMissing } from './support/kafka-jars.ts'
import { openGate } from './support/open-gate.ts'
import { traceIdOf } from './support/otlp.ts'

const TENANT = 'default'
const topics = [...onlineTopics, ...alertTopics, ...definitionTopics]
const folder = mkdtempSync(join(tmpdir(), 'assay-previous-'))
const dataDir = join(folder, 'data')

interface Expected {
  atMs: number
  job: { evalId: string; runId: string; slotMs: number }
  results: { results: readonly { evaluatedAt: string }[] }
  traces: readonly { spans: readonly unknown[] }[]
}
interface WrittenRecord {
  topic: string
  partition: number
  key: string | null
  headers: Record<string, string>
  valueBase64: string
}

let expected: Expected
let records: WrittenRecord[]
let plan: Plan
/** It runs from a minute after the previous release ended: nothing of it is past its retention. */
let nowMs = (): number => 0
let traces: TracesStore

beforeAll(async () => {
  const packed = readFileSync(join(import.meta.dirname, 'fixtures', 'previous-release', 'fixture.tar.zst'))
  const archive = join(folder, 'fixture.tar')
  writeFileSync(archive, zstdDecompressSync(packed, { params: { [constants.ZSTD_d_windowLogMax]: 27 } }))
  execFileSync('tar', ['-C', folder, '-xf', archive])
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))
  expected = read('expected.json') as Expected
  records = read('records.json') as WrittenRecord[]
  const startMs = performance.now()
  nowMs = () => expected.atMs + 60_000 + Math.round(performance.now() - startMs)
  const loaded = loadEvals([join(folder, 'evals')])
  if (loaded.plan === null) throw new Error('the definitions of the previous release do not check any more')
  plan = loaded.plan
  traces = await openTraces({ dataDir, nowMs })
})
afterAll(async () => {
  await traces.close()
  rmSync(folder, { recursive: true, force: true })
})

const eventually = (look: () => void | Promise<void>) => vi.waitFor(look, { timeout: 15_000, interval: 50 })

async function ask(store: TracesStore, path: string): Promise<unknown> {
  const status = async () => ({ status: 'ok' as const, components: [] })
  const definitions = { current: () => ({ plan, loadedAtMs: 0, diagnostics: [] }) }
  const api = buildApi({ traces: store, status, definitions, nowMs }, { gate: openGate, isLocal: false })
  return (await api.request(path)).json()
}

/** Spans and results read as they did. */
async function expectWhatWasStored(store: TracesStore): Promise<void> {
  for (const [index, trace] of expected.traces.entries())
    expect(await ask(store, `/v1/traces/${traceIdOf(index + 1)}`)).toEqual(trace)
}

/** Everything that the previous release left to do is done: the span that nobody had read is stored and judged. */
async function expectWorkGoesOn(log: Log, store: TracesStore): Promise<void> {
  const redactor = compileRedaction(plan)
  const definitions = { current: () => plan }
  const sink = await startStoreLoop({ log, traces: store, definitions: () => redactor, nowMs })
  const evaluate = await startEvaluateLoop({ log, definitions, traces: store, nowMs })
  await eventually(async () => {
    const judged = await store.queryResults(TENANT, { traceId: traceIdOf(4), evalId: 'shop/no_mail', limit: 10 })
    expect(judged.map(({ verdict }) => verdict)).toEqual(['pass'])
    expect((await store.getTrace(TENANT, traceIdOf(4)))[0]?.outputText).toBe('Read me later.')
  })
  await evaluate.drain()
  await sink.drain()
}

/** The alert that fired is firing still and tells nobody again; taken out of the definitions, it ends that same incident. */
async function expectAlertGoesOn(log: Log): Promise<void> {
  const told = async () => {
    const notifications = await log.read(NOTIFICATIONS, 0, 0, 10)
    return notifications.map(({ value }) => {
      const parsed = parseNotification(value)
      if (!parsed.ok || parsed.notification.kind !== 'alert') throw new Error('not a notification of an alert')
      return parsed.notification.transition
    })
  }
  const [fired, ...others] = await told()
  expect(fired).toMatchObject({ alertId: 'shop/leak', to: 'firing', incidentId: expect.any(String) })
  expect(others).toEqual([])
  const problems: string[] = []
  const onProblem = (problem: string): void => {
    problems.push(problem)
  }
  expect((await loadCheckpoints(log, onProblem)).get(TENANT)?.get('shop/leak')?.state.groups.get('')?.phase.kind).toBe(
    'firing',
  )
  let inForce = plan
  const evaluator = await startAlertEvaluator({ log, definitions: plansOfOne(TENANT, () => inForce), nowMs, onProblem })
  inForce = { ...plan, alerts: [] }
  await eventually(async () => expect(await told()).toHaveLength(2))
  await evaluator.drain()
  expect((await told())[1]).toMatchObject({ alertId: 'shop/leak', to: 'resolved', incidentId: fired?.incidentId })
  expect(problems).toEqual([])
}

async function expectDefinitions(log: Log): Promise<void> {
  const problems: string[] = []
  const followed = await followDefinitions({
    log,
    onChange: () => {},
    onProblem: (problem) => problems.push(problem),
  })
  const { packages } = followed.current(TENANT)
  await followed.close()
  expect(problems).toEqual([])
  expect(packages).toMatchObject([{ package: 'shop', current: { revision: 'a'.repeat(40) } }])
}

async function expectDeadLetter(log: Log): Promise<void> {
  const { letters } = await listDeadLetters(log, { state: 'waiting', limit: 10, whose: null })
  expect(letters).toMatchObject([{ source: 'agent-traces/0/0', code: 'undecodable' }])
}

describe('the data folder of the previous release', () => {
  let log: Log
  beforeAll(async () => {
    log = await openEmbeddedLog({ dataDir, nowMs })
    await log.ensureTopics(topics)
    await traces.migrate()
  })
  afterAll(() => log.close())

  test('its spans and results read as they did', async () => {
    await expectWhatWasStored(traces)
    const { results } = (await ask(traces, '/v1/results')) as Expected['results']
    expect(results).toEqual(expected.results.results)
  })
  test('its alert goes on firing', () => expectAlertGoesOn(log))
  test('its definitions are in force', () => expectDefinitions(log))
  test('its dead letters are listed', () => expectDeadLetter(log))
  test('what it had not read is stored and judged', () => expectWorkGoesOn(log, traces))
  test('its jobs wait to be run, and its schedules know their last slots', { timeout: 30_000 }, async () => {
    // A copy: the queue's process-wide flags and files stay out of the others' way.
    cpSync(join(dataDir, 'queue'), join(folder, 'copy', 'queue'), { recursive: true })
    const queue = await openQueue({ dataDir: join(folder, 'copy') }, (error) => expect.fail(error.message))
    const { evalId, runId, slotMs } = expected.job
    expect(await queue.lastSlot('default', evalId)).toBe(slotMs)
    expect(await queue.stateOf('default', runId)).toBe('waiting')
    await queue.close()
  })
})

function kafkaAt(address: string): KafkaSettings {
  const parsed = parseKafkaUrl(`kafka://${address}`)
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.settings
}

const missing = kafkaIsMissing()
describe.skipIf(missing !== null)(
  `the topics of the previous release on Kafka${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    let broker: KafkaBroker
    let log: Log
    let store: TracesStore
    beforeAll(async () => {
      broker = await startKafkaBroker()
      log = await openKafkaLog({ settings: kafkaAt(broker.address) })
      await log.ensureTopics(topics)
      for (const { topic, partition, key, headers, valueBase64 } of records)
        await log.append(topic, [{ partition, key, headers, value: Buffer.from(valueBase64, 'base64') }])
      store = await openTraces({ dataDir, database: 'of_kafka', nowMs })
      await store.migrate()
    }, 60_000)
    afterAll(async () => {
      await log?.close()
      await broker?.stop()
    })

    test('its definitions are in force', () => expectDefinitions(log))
    test('its dead letters are listed', () => expectDeadLetter(log))
    test('its alert goes on firing', () => expectAlertGoesOn(log))
    test('its spans are stored and judged', { timeout: 40_000 }, async () => {
      await expectWorkGoesOn(log, store)
      const spans = await store.getTrace(TENANT, traceIdOf(1))
      expect(spans).toMatchObject([{ userId: 'u-1', sessionId: 's-1', outputText: 'Your parcel arrives on Monday.' }])
    })
  },
)
