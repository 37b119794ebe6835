import { afterAll, beforeAll, expect, test } from 'vitest'
import { overriding } from '../../test/support/overriding.ts'
import { deadLetter } from './dead-letter.ts'
import {
  dropDeadLetter,
  listDeadLetters,
  readDeadLetter,
  replayDeadLetter,
  settleAllDeadLetters,
} from './dead-letters.ts'
import { type EmbeddedLog, openEmbeddedLog } from './embedded.ts'
import { AGENT_TRACES, DEAD_LETTERS, onlineTopics } from './topics.ts'

let log: EmbeddedLog
beforeAll(async () => {
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics(onlineTopics)
})
afterAll(() => log.close())

const encoder = new TextEncoder()

async function putAside(text: string): Promise<number> {
  const [at] = await log.append(AGENT_TRACES, [
    { key: null, partition: 2, value: encoder.encode(text), headers: { tenant: 'default' } },
  ])
  const [record] = await log.read(AGENT_TRACES, 2, at!.offset, 1)
  const [letter] = await log.append(DEAD_LETTERS, [
    deadLetter(record!, 'trans-store', 'undecodable', `no trace: ${text}`),
  ])
  return letter!.offset
}

test('letters are listed newest first by state, replayed to their partition, or dropped; each once', async () => {
  const [a, b, c] = [await putAside('a'), await putAside('b'), await putAside('c')]
  const ids = async (state: 'waiting' | 'replayed' | 'dropped' | null) =>
    (await listDeadLetters(log, { state, limit: 10, whose: null })).letters.map(({ id }) => id)
  expect(await ids('waiting')).toEqual([c, b, a])
  expect((await listDeadLetters(log, { state: 'waiting', limit: 1, whose: null })).total).toBe(3)

  expect(await replayDeadLetter(log, a, null)).toEqual({ ok: true })
  expect(await dropDeadLetter(log, b, null)).toEqual({ ok: true })
  expect(await ids('waiting')).toEqual([c])
  expect(await ids('replayed')).toEqual([a])
  expect(await ids('dropped')).toEqual([b])
  expect(await ids(null)).toEqual([c, b, a])

  const replayed = (await log.read(AGENT_TRACES, 2, 0, 10)).at(-1)!
  expect(Buffer.from(replayed.value).toString()).toBe('a')
  expect({ ...replayed.headers }).toEqual({ tenant: 'default' })
  for (const settle of [replayDeadLetter, dropDeadLetter]) {
    expect(await settle(log, a, null)).toMatchObject({
      ok: false,
      code: 'settled',
      message: expect.stringContaining('replayed'),
    })
    expect(await settle(log, 9_999, null)).toMatchObject({ ok: false, code: 'unknown' })
  }
})

test('a record that was put aside twice, by a process that died in between, is one letter', async () => {
  const id = await putAside('twice')
  const [again] = await log.read(DEAD_LETTERS, 0, id, 1)
  await log.append(DEAD_LETTERS, [{ key: again!.key, value: again!.value, headers: again!.headers }])
  const { letters } = await listDeadLetters(log, { state: 'waiting', limit: 10, whose: null })
  expect(letters.filter(({ value }) => Buffer.from(value).toString() === 'twice').map((one) => one.id)).toEqual([id])
  expect(await dropDeadLetter(log, id, null)).toEqual({ ok: true })
})

test('all that wait are replayed or dropped, and the topic is looked through once', async () => {
  await putAside('already')
  await settleAllDeadLetters(log, 'dropped', null)
  const ids = [await putAside('x'), await putAside('y'), await putAside('z')]
  let pages = 0
  const counting = overriding(log, {
    read: (topic, partition, from, most) => {
      if (most > 1) pages++
      return log.read(topic, partition, from, most)
    },
  })
  const before = (await log.read(AGENT_TRACES, 2, 0, 100)).length
  expect(await settleAllDeadLetters(counting, 'replayed', null)).toEqual(ids)
  // And once more to see that there are no more.
  expect(pages).toBe(2)
  const replayed = (await log.read(AGENT_TRACES, 2, 0, 100)).slice(before)
  expect(replayed.map(({ value }) => Buffer.from(value).toString())).toEqual(['x', 'y', 'z'])
  const last = await putAside('last')
  expect(await settleAllDeadLetters(log, 'dropped', null)).toEqual([last])
  expect(await settleAllDeadLetters(log, 'dropped', null)).toEqual([])
  expect(await readDeadLetter(log, last, null)).toMatchObject({ state: 'dropped' })
})

test('one is read whole; what settles another is none', async () => {
  const id = await putAside('whole')
  expect(await readDeadLetter(log, id, null)).toMatchObject({
    id,
    state: 'waiting',
    source: expect.stringMatching(/^agent-traces\/2\/\d+$/),
    code: 'undecodable',
    reason: 'no trace: whole',
    headers: { tenant: 'default' },
  })
  await dropDeadLetter(log, id, null)
  expect(await readDeadLetter(log, id, null)).toMatchObject({ state: 'dropped' })
  expect(await readDeadLetter(log, id + 1, null)).toBeNull()
  expect(await readDeadLetter(log, -1, null)).toBeNull()
})
