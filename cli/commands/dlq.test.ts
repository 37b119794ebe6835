/** The command as a process, against an API over a real log. */

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { planOf } from '../../dsl/testing.ts'
import { type Api, startApi } from '../../server/api.ts'
import { deadLetter } from '../../storage/log/dead-letter.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { type Log, UnreadableRecords } from '../../storage/log/port.ts'
import { AGENT_TRACES, DEAD_LETTERS, onlineTopics } from '../../storage/log/topics.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { openGate } from '../../test/support/open-gate.ts'
import { overriding } from '../../test/support/overriding.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'assay-dlq-'))
const bytes = Buffer.from([0, 1, 2, 255, 65, 66])
let log: EmbeddedLog
let traces: TracesStore
let api: Api
beforeAll(async () => {
  log = await openEmbeddedLog({ dataDir, retentionIntervalMs: null, nowMs: () => Date.UTC(2026, 0, 2) })
  await log.ensureTopics(onlineTopics)
  traces = await openTraces({ dataDir })
  const plan = planOf('package shop\nonline eval quick { on: trace  pass: duration <= 5s }\n')
  api = await startApi({
    gate: openGate,
    host: '127.0.0.1',
    port: 0,
    traces,
    log: overriding(log, { read: readDamaged }),
    status: async () => ({ status: 'ok', components: [] }),
    definitions: { current: () => ({ plan, loadedAtMs: 0, diagnostics: [] }) },
    nowMs: Date.now,
  })
  for (let i = 0; i < 3; i++) {
    const [at] = await log.append(AGENT_TRACES, [{ key: null, partition: 0, value: bytes }])
    const [record] = await log.read(AGENT_TRACES, 0, at!.offset, 1)
    await log.append(DEAD_LETTERS, [deadLetter(record!, 'trans-store', 'undecodable', 'not an OTLP trace request')])
  }
}, 30_000)
afterAll(async () => {
  await api.drain()
  await traces.close()
  await log.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** A batch of partition 3 is not what was written. */
const readDamaged: Log['read'] = async (topic, partition, from, most, maxBytes) => {
  if (topic !== AGENT_TRACES || partition !== 3) return log.read(topic, partition, from, most, maxBytes)
  throw new UnreadableRecords({ topic, partition, from: 1_200, to: 1_250 }, Buffer.from('damaged'), 'why')
}

async function dlq(...args: string[]): Promise<{ code: number; stdout: Buffer; stderr: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'main.ts'), 'dlq', ...args], {
    env: { ...process.env, ASSAY_URL: `http://127.0.0.1:${api.port}` },
  })
  const [stdout, stderr, code] = await Promise.all([
    buffer(child.stdout),
    text(child.stderr),
    new Promise<number>((resolve) => child.on('close', resolve)),
  ])
  return { code, stdout, stderr }
}

test('list, show, replay, drop', async () => {
  const listed = await dlq('list')
  expect(listed.code).toBe(1)
  expect(listed.stdout.toString()).toBe(
    [2, 1, 0]
      .map(
        (id) =>
          `     ${id}  2026-01-02T00:00:00.000Z  waiting   undecodable    agent-traces/0/${id}  6 B  not an OTLP trace request\n`,
      )
      .join(''),
  )
  expect((await dlq('show', '0', '--payload')).stdout).toEqual(bytes)
  expect((await dlq('show', '0')).stdout.toString()).toContain('....AB')
  expect(await dlq('replay', '0')).toMatchObject({ code: 0, stdout: Buffer.from('0 replayed\n') })
  expect(await dlq('replay', '0')).toMatchObject({ code: 2, stderr: 'assay dlq: dead letter 0 was replayed already\n' })
  expect(await dlq('drop', '--all')).toMatchObject({ code: 0, stdout: Buffer.from('1 dropped\n2 dropped\n') })
  expect(await dlq('list')).toMatchObject({ code: 0, stdout: Buffer.from('No dead letters waiting.\n') })
  expect(JSON.parse((await dlq('list', '--state', 'all', '--json')).stdout.toString())).toMatchObject({ total: 3 })
})

test('skip lets go what the log cannot read, and keeps its bytes', async () => {
  const skipped = await dlq('skip', 'agent-traces/3/1210')
  expect(skipped).toMatchObject({ code: 0, stderr: '' })
  const [, id] =
    /^agent-traces\/3: records 1200 to 1249 are skipped; their bytes are dead letter (\d+)\n$/.exec(
      skipped.stdout.toString(),
    ) ?? []
  expect((await dlq('show', id ?? '', '--payload')).stdout.toString()).toBe('damaged')
  expect(await dlq('replay', id ?? '')).toMatchObject({ code: 2, stderr: expect.stringContaining('nothing to replay') })
})

test.each([
  [['skip', 'agent-traces/0/0'], 'agent-traces/0/0 can be read: there is nothing to skip'],
  [['skip', 'agent-traces/0'], 'a place in the log is topic/partition/offset'],
  [['show', 'x'], 'there is no dead letter x'],
  [['drop'], 'name the dead letters to drop, or --all of them'],
  [['replay', '7', '--all'], 'name the dead letters to replay, or --all of them'],
  [['list', '--state', 'lost'], 'state: '],
])('%j is refused', async (args, named) => {
  const { code, stderr } = await dlq(...args)
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(named) })
})
