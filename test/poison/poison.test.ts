/**
 * Records that kill their process for real, and operators who kill it: the first are found over its deaths and put aside, the second never
 * put anything aside.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { AGENT_TRACES, DEAD_LETTERS, onlineTopics } from '../../storage/log/topics.ts'
import { openTraces } from '../../storage/traces/open.ts'
import { traceRecord } from '../../workers/online/fixtures/records.ts'
import { type ClickHouseServer, startClickHouse } from '../support/clickhouse-server.ts'

const RECORDS = 2_000
const PARTITIONS = 4
const HEAP_MB = 160

let clickHouse: ClickHouseServer
let dataDir: string
/** Traces of one test have other ids than those of another: they share the store. */
let firstTrace = 1
beforeAll(async () => {
  clickHouse = await startClickHouse()
}, 60_000)
afterAll(() => clickHouse.stop())
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'assay-poison-'))
  return () => rmSync(dataDir, { recursive: true, force: true })
})

/** One span a record; the names of some tell what they do. Gives where those are. */
async function send(names: ReadonlyMap<number, string>): Promise<string[]> {
  const log = await openEmbeddedLog({ dataDir })
  await log.ensureTopics(onlineTopics)
  const records = Array.from({ length: RECORDS }, (_, i) => {
    const name = names.get(i)
    return traceRecord(
      'default',
      [{ trace: firstTrace + i, id: 1, ...(name !== undefined && { name }) }],
      i % PARTITIONS,
    )
  })
  const positions = await log.append(AGENT_TRACES, records)
  await log.close()
  return [...names.keys()].map((i) => `${AGENT_TRACES}/${positions[i]!.partition}/${positions[i]!.offset}`)
}

/** A life of the process: how it ended. `killAfterMs`: by us, so long after it was ready. */
async function live(killAfterMs?: number): Promise<'done' | 'died'> {
  const script = join(import.meta.dirname, 'processor.ts')
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, script, dataDir, clickHouse.url], {
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
  const log = await openEmbeddedLog({ dataDir })
  const letters = await log.read(DEAD_LETTERS, 0, 0, 100)
  await log.close()
  return letters.map(({ headers }) => `${headers.source} ${headers.code}`).sort()
}

/** Of this test's records, each once. */
async function storedOf(): Promise<number> {
  const traces = await openTraces({ url: clickHouse.url })
  const stored = await traces.countSpans('default')
  await traces.close()
  return stored
}

test('one record in a thousand kills: those are put aside, and the lag is zero', { timeout: 180_000 }, async () => {
  const before = await storedOf().catch(() => 0)
  const sources = await send(
    new Map([
      [700, 'evaluate memory'],
      [1_701, 'store abort'],
    ]),
  )
  await lives(6 * sources.length)
  expect(await deadLetters()).toEqual(sources.map((source) => `${source} fatal`).sort())
  // What kills evaluation is stored all the same.
  expect((await storedOf()) - before).toBe(RECORDS - 1)
  firstTrace += RECORDS
})

test('kills at any time put nothing aside', { timeout: 180_000 }, async () => {
  const before = await storedOf()
  await send(new Map())
  for (let kill = 0; kill < 6; kill++) await live(kill * 35)
  await lives(0)
  expect(await deadLetters()).toEqual([])
  expect((await storedOf()) - before).toBe(RECORDS)
})
