/**
 * Records and traces that kill their process for real, and operators who kill it: the first are found over its deaths and put aside, the
 * second never put anything aside.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { decodeResults } from '../../engine/codec/results.ts'
import { AGENT_TRACES, DEAD_LETTERS, EVAL_RESULTS } from '../../storage/log/topics.ts'
import { openTraces } from '../../storage/traces/open.ts'
import { type FixtureSpan, traceIdOf, traceRecord } from '../../workers/online/fixtures/records.ts'
import { type ClickHouseServer, startClickHouse } from '../support/clickhouse-server.ts'
import { startKafkaBroker } from '../support/kafka-broker.ts'
import { kafkaIsMissing } from '../support/kafka-jars.ts'
import { openLog } from './open-log.ts'

const RECORDS = 2_000
const PARTITIONS = 4
const HEAP_MB = 160

let clickHouse: ClickHouseServer
/** Of the log: a folder of the test, or a broker. */
let place: string
/** Traces of one test have other ids than those of another: they share the store. */
let firstTrace = 1
/** On Kafka a member that is too slow to beat loses its partitions, and its life was for nothing. */
const LIVES_ON_KAFKA = 12
beforeAll(async () => {
  clickHouse = await startClickHouse()
}, 60_000)
afterAll(() => clickHouse.stop())
beforeEach(() => {
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-poison-'))
  place = dataDir
  firstTrace += RECORDS
  return () => rmSync(dataDir, { recursive: true, force: true })
})

/** A trace of one span a record, but for some; the names of spans tell what they do. Gives where those are. */
async function send(others: ReadonlyMap<number, Partial<FixtureSpan>[]>): Promise<string[]> {
  const log = await openLog(place)
  const records = Array.from({ length: RECORDS }, (_, i) => {
    const spans = others.get(i) ?? [{}]
    return traceRecord(
      'default',
      spans.map((span) => ({ trace: firstTrace + i, id: 1, ...span })),
      i % PARTITIONS,
    )
  })
  const positions = await log.append(AGENT_TRACES, records)
  await log.close()
  return [...others.keys()].map((i) => `${AGENT_TRACES}/${positions[i]!.partition}/${positions[i]!.offset}`)
}

/** A life of the process: how it ended. `killAfterMs`: by us, so long after it was ready. */
async function live(killAfterMs?: number): Promise<'done' | 'died'> {
  const script = join(import.meta.dirname, 'processor.ts')
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, script, place, clickHouse.url], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(child, 'exit')
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (killAfterMs !== undefined && text.includes('ready')) void sleep(killAfterMs).then(() => child.kill('SIGKILL'))
  })
  const [code] = await ended
  return code === 0 && said.endsWith('done\n') ? 'done' : 'died'
}

async function lives(most: number): Promise<number> {
  for (let deaths = 0; deaths <= most; deaths++) if ((await live()) === 'done') return deaths
  return expect.fail(`not done after ${most} deaths`)
}

async function deadLetters(): Promise<string[]> {
  const log = await openLog(place)
  const letters = await log.read(DEAD_LETTERS, 0, 0, 100)
  await log.close()
  return letters.map(({ headers }) => `${headers.source} ${headers.code}`).sort()
}

/** Of this test's records, each once. */
async function storedOf(): Promise<number> {
  const traces = await openTraces({ url: clickHouse.url })
  await traces.migrate()
  const stored = await traces.countSpans('default')
  await traces.close()
  return stored
}

/** By eval, how many traces have a verdict; of spans or of the whole. */
async function judgedOf(): Promise<Map<string, Set<string>>> {
  const log = await openLog(place)
  const judged = new Map<string, Set<string>>()
  for (const { partition, start, end } of await log.endOffsets(EVAL_RESULTS)) {
    for (let next = start; next < end; ) {
      const records = await log.read(EVAL_RESULTS, partition, next, 1_000)
      for (const { evalId, traceId } of records.flatMap(({ value }) => decodeResults(value))) {
        judged.set(evalId, (judged.get(evalId) ?? new Set()).add(traceId))
      }
      next = (records.at(-1)?.offset ?? end) + 1
    }
  }
  await log.close()
  return judged
}

async function expectPutAside(names: readonly [number, string][], mostDeaths: number): Promise<void> {
  const before = await storedOf()
  const sources = await send(new Map(names.map(([record, name]) => [record, [{ name }]])))
  await lives(mostDeaths)
  expect(await deadLetters()).toEqual(sources.map((source) => `${source} fatal`).sort())
  // What kills evaluation is stored all the same.
  const unstored = names.filter(([, name]) => name.startsWith('store')).length
  expect((await storedOf()) - before).toBe(RECORDS - unstored)
}

test('one record in a thousand kills: those are put aside, and the lag is zero', { timeout: 180_000 }, () =>
  expectPutAside(
    [
      [700, 'evaluate memory'],
      [1_701, 'store abort'],
    ],
    12,
  ),
)

const missing = kafkaIsMissing()
if (missing !== null) test.skip(`on Kafka, needs a broker: ${missing}`, () => {})
else {
  test('one record in a thousand kills, on Kafka', { timeout: 300_000 }, async () => {
    const broker = await startKafkaBroker()
    onTestFinished(() => broker.stop())
    place = `kafka://${broker.address}`
    await expectPutAside([[700, 'evaluate abort']], LIVES_ON_KAFKA)
  })
}

test('a trace kills when it is judged: its records are put aside, and nothing else', { timeout: 180_000 }, async () => {
  const before = await storedOf()
  const trace = firstTrace + 400
  const sources = await send(
    new Map([
      [400, [{ parent: 2 }]],
      // Of another trace too.
      [404, [{ trace, id: 3, parent: 2, name: 'trace memory' }, {}]],
      [800, [{ trace, id: 2 }]],
    ]),
  )
  // Two before its name is written, and three with it.
  expect(await lives(8)).toBeGreaterThanOrEqual(5)
  expect(await deadLetters()).toEqual(sources.map((source) => `${source} fatal`).sort())
  expect((await storedOf()) - before).toBe(RECORDS + 1)
  const judged = await judgedOf()
  expect(judged.get('test/fast')?.size).toBe(RECORDS - 1)
  expect(judged.get('test/short')?.size).toBe(RECORDS - 2)
  expect(judged.get('test/fast')).toContain(traceIdOf(trace))
  expect(judged.get('test/short')).not.toContain(traceIdOf(trace))
})

test('kills at any time put nothing aside', { timeout: 180_000 }, async () => {
  const before = await storedOf()
  await send(new Map())
  for (let kill = 0; kill < 6; kill++) await live(kill * 35)
  await lives(0)
  expect(await deadLetters()).toEqual([])
  expect((await storedOf()) - before).toBe(RECORDS)
})
