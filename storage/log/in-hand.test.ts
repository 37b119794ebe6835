import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { overriding } from '../../test/support/overriding.ts'
import { type EmbeddedLog, openEmbeddedLog } from './embedded.ts'
import { InHand } from './in-hand.ts'
import { type InHandNote, noteText, parseNote } from './in-hand-note.ts'
import { NO_SUBJECTS } from './in-hand-subjects.ts'
import { type Consumer, type Log, type LogRecord, UnreadableRecords } from './port.ts'
import { AGENT_TRACES, DEAD_LETTERS, onlineTopics } from './topics.ts'

const GROUP = 'trans-store'
const PARTITION = 1

let log: EmbeddedLog
beforeEach(async () => {
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics(onlineTopics)
})
afterEach(() => log.close())

const append = (texts: readonly string[]) =>
  log.append(
    AGENT_TRACES,
    texts.map((text) => ({ key: null, partition: PARTITION, value: Buffer.from(text) })),
  )
const textOf = ({ value }: LogRecord): string => Buffer.from(value).toString()
const letters = async () => (await log.read(DEAD_LETTERS, 0, 0, 1_000)).map(({ headers }) => headers.source)
const sourceOf = (offset: number) => `${AGENT_TRACES}/${PARTITION}/${offset}`

interface Life {
  /** Handed out and processed, in this life. */
  processed: string[]
  commits: number
  turns: number
  /** It died. */
  isDead: boolean
}

const DEATH = Symbol('death')

/**
 * A process's life: takes records, processes and commits them until there are no more, or until a record kills it: then it stands
 * still, as it is, and its group forgets it.
 */
async function live(options: {
  kills: (text: string) => boolean
  dieAfter?: number
  fetchBytes?: number
  read?: Log['read']
}): Promise<Life> {
  const death = Promise.withResolvers<typeof DEATH>()
  const life: Life = { processed: [], commits: 0, turns: 0, isDead: false }
  const die = (): Promise<never> => {
    life.isDead = true
    death.resolve(DEATH)
    return new Promise(() => {})
  }
  const consumer = await log.openConsumer({ groupId: GROUP, topics: [AGENT_TRACES], startFrom: 'earliest' })
  const inHand = new InHand({
    log: options.read === undefined ? log : overriding(log, { read: options.read }),
    groupId: GROUP,
    alone: (run) => run(),
    retry: (attempt) => (life.isDead ? new Promise(() => {}) : attempt()),
    tryRecord: async (record) => {
      if (options.kills(textOf(record))) await die()
    },
  })
  const counting: Pick<Consumer, 'commit'> = {
    commit: (offsets) => {
      life.commits++
      return consumer.commit(offsets)
    },
  }
  inHand.use(counting)
  const run = async (): Promise<void> => {
    for (;;) {
      const records = await consumer.fetch({ maxBytes: options.fetchBytes ?? 100, maxWaitMs: 0 })
      if (records.length === 0) return
      life.turns++
      expect(await inHand.admit(records)).toBe(true)
      for (const record of records) {
        if (inHand.isAside(record)) continue
        if (options.kills(textOf(record))) await die()
        life.processed.push(textOf(record))
        if (life.processed.length === options.dieAfter) await die()
      }
      const { topic, partition, offset } = records.at(-1)!
      await inHand.commit([{ topic, partition, offset: offset + 1 }])
    }
  }
  await Promise.race([run(), death.promise])
  if (!life.isDead) await inHand.release([])
  await consumer.close()
  return life
}

async function liveUntilDone(kills: (text: string) => boolean, mostDeaths: number): Promise<number> {
  for (let deaths = 0; deaths <= mostDeaths; deaths++) if (!(await live({ kills })).isDead) return deaths
  return expect.fail(`not done after ${mostDeaths} deaths`)
}

describe('a record that kills', () => {
  test.each<[string, number, readonly number[]]>([
    ['the only one', 1, [0]],
    ['the first of many', 500, [0]],
    ['the last of many', 500, [499]],
    ['two beside each other', 300, [150, 151]],
    ['one in a hundred', 1_000, [3, 103, 250, 777]],
  ])('is put aside, and nothing else: %s', async (_what, count, poison) => {
    await append(Array.from({ length: count }, (_, i) => (poison.includes(i) ? `poison ${i}` : `good ${i}`)))
    const deaths = await liveUntilDone((text) => text.startsWith('poison'), 6 * poison.length)
    // In a crowd, in a piece, and three times alone.
    expect(deaths).toBeLessThanOrEqual(6 * poison.length)
    expect(await letters()).toEqual(poison.map(sourceOf))
    expect(await log.committed(GROUP)).toEqual([{ topic: AGENT_TRACES, partition: PARTITION, offset: count }])
    const [letter] = await log.read(DEAD_LETTERS, 0, 0, 1)
    expect(letter).toMatchObject({
      headers: { code: 'fatal', reason: 'the process of trans-store died 3 times with this record alone in hand' },
    })
    expect(textOf(letter!)).toBe(`poison ${poison[0]}`)
  })

  test('that comes later, into the room that was written, is found too', async () => {
    await append(['good', 'poison'])
    const kills = (text: string) => text.startsWith('poison')
    await liveUntilDone(kills, 10)
    await append(['good', 'poison again', 'good'])
    await liveUntilDone(kills, 10)
    expect(await letters()).toEqual([sourceOf(1), sourceOf(3)])
  })
})

test('who is killed by others is not poison, however often', async () => {
  await append(Array.from({ length: 400 }, (_, i) => `good ${i}`))
  for (let i = 0; i < 30; i++) await live({ kills: () => false, dieAfter: 1 + (i % 5) })
  expect(await letters()).toEqual([])
  const last = await live({ kills: () => false })
  expect(last.processed.at(-1)).toBe('good 399')
})

test('records that the log cannot read are tried by nobody, and hold nobody up', async () => {
  await append(Array.from({ length: 100 }, (_, i) => `good ${i}`))
  expect((await live({ kills: () => false, dieAfter: 3 })).isDead).toBe(true)
  const read: Log['read'] = async (topic, partition, from) => {
    throw new UnreadableRecords({ topic, partition, from, to: from + 1 }, new Uint8Array(1), 'damaged')
  }
  const life = await live({ kills: () => false, read })
  expect(life.isDead).toBe(false)
  expect(life.processed.at(-1)).toBe('good 99')
})

test('in steady state it commits no more often than it is asked to', async () => {
  await append(Array.from({ length: 2_000 }, (_, i) => `good ${i}`))
  const { commits, turns, processed } = await live({ kills: () => false })
  expect(processed).toHaveLength(2_000)
  // Before the first record, and at the end.
  expect(commits).toBe(turns + 2)
})

describe('what kills when it is judged as a whole', () => {
  const of = { topic: AGENT_TRACES, partition: PARTITION }

  /** A life that judges these, one after the other, and dies of some: what came of them, and how often it wrote. */
  async function judgeAll(keys: readonly string[], kills: (key: string) => boolean, end?: 'in peace') {
    const consumer = await log.openConsumer({ groupId: GROUP, topics: [AGENT_TRACES], startFrom: 'earliest' })
    const inHand = new InHand({
      log,
      groupId: GROUP,
      alone: (run) => run(),
      retry: (attempt) => attempt(),
      tryRecord: async () => {},
    })
    let commits = 0
    inHand.use({
      commit: (offsets) => {
        commits++
        return consumer.commit(offsets)
      },
    })
    const records = await consumer.fetch({ maxBytes: 1_000, maxWaitMs: 0 })
    expect(await inHand.admit(records)).toBe(true)
    commits = 0
    const outcomes: string[] = []
    try {
      for (const key of keys) {
        const asideTo = inHand.wholeAsideTo(of, key)
        const outcome =
          asideTo ??
          (await inHand.judgeWhole(of, key, () => {
            if (kills(key)) throw DEATH
          }))
        if (outcome === 'deadly') expect(await inHand.putWholeAside(of, key, 2)).toBe(true)
        outcomes.push(`${key} ${outcome}`)
      }
      if (end === 'in peace') await inHand.release([])
    } catch (error) {
      expect(error).toBe(DEATH)
    }
    await consumer.close()
    return { outcomes, commits, inHand }
  }
  const isPoison = (key: string) => key === 'poison'
  const keys = ['one', 'poison', 'two']

  test('is noted after two deaths, put aside after three more, and left alone until it is committed past', async () => {
    await append(['a', 'b', 'c'])
    for (let deaths = 0; deaths < 2; deaths++) expect((await judgeAll(keys, isPoison)).commits).toBe(0)
    for (let deaths = 0; deaths < 3; deaths++) {
      const { outcomes, commits } = await judgeAll(keys, isPoison)
      expect(outcomes).toEqual(['one judged'])
      expect(commits).toBe(3)
    }
    expect((await judgeAll(keys, isPoison, 'in peace')).outcomes).toEqual(['one judged', 'poison deadly', 'two judged'])
    expect((await judgeAll(keys, isPoison)).outcomes).toEqual(['one judged', 'poison 2', 'two judged'])
    const consumer = await log.openConsumer({ groupId: GROUP, topics: [AGENT_TRACES], startFrom: 'earliest' })
    const inHand = new InHand({ log, groupId: GROUP, tryRecord: async () => {}, retry: (attempt) => attempt() })
    inHand.use(consumer)
    await inHand.admit(await consumer.fetch({ maxBytes: 1_000, maxWaitMs: 0 }))
    expect(inHand.isCareful(of)).toBe(true)
    await inHand.commit([{ ...of, offset: 2 }])
    expect(inHand.wholeAsideTo(of, 'poison')).toBeNull()
    expect(inHand.isCareful(of)).toBe(false)
    await consumer.close()
  })

  test('is not whatever was judged when others killed', async () => {
    await append(['a'])
    for (let death = 0; death < 20; death++) {
      const key = `trace ${death % 7}`
      const { outcomes } = await judgeAll(
        [...Array(7).keys()].map((i) => `trace ${i}`),
        (one) => one === key,
      )
      expect(outcomes.join()).not.toContain('deadly')
    }
  })

  test('is not looked for while each life commits more', async () => {
    await append(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
    for (let offset = 1; offset < 8; offset++) {
      const { inHand } = await judgeAll([], isPoison)
      expect(inHand.isCareful(of)).toBe(false)
      const consumer = await log.openConsumer({ groupId: GROUP, topics: [AGENT_TRACES], startFrom: 'earliest' })
      inHand.use(consumer)
      await consumer.fetch({ maxBytes: 1_000, maxWaitMs: 0 })
      expect(await inHand.commit([{ ...of, offset }])).toEqual({ ok: true })
      await consumer.close()
    }
  })
})

test('where the partition went to another, records are not to be processed', async () => {
  await append(['one'])
  const consumer = await log.openConsumer({ groupId: GROUP, topics: [AGENT_TRACES], startFrom: 'earliest' })
  const inHand = new InHand({ log, groupId: GROUP, tryRecord: async () => {}, retry: (attempt) => attempt() })
  inHand.use({ commit: async () => ({ ok: false, reason: 'fenced' }) })
  const records = await consumer.fetch({ maxBytes: 100, maxWaitMs: 0 })
  expect(records).toHaveLength(1)
  expect(await inHand.admit(records)).toBe(false)
})

describe('notes', () => {
  const note: InHandNote = {
    from: 3,
    to: 900,
    trial: { start: 4, end: 5, count: 2 },
    aside: [1, 3],
    subjects: NO_SUBJECTS,
  }
  const subjects = {
    deaths: 4,
    judged: 'one',
    suspects: [{ key: 'two', deaths: 2 }],
    aside: [{ key: 'three', to: 12 }],
  }

  test.each<[string, InHandNote]>([
    ['everything', note],
    ['no trial', { ...note, trial: null, aside: [] }],
    ['only what is aside', { ...note, from: 7, to: 7, trial: null, aside: [5] }],
    ['what is judged as a whole', { ...note, subjects }],
    ['only that processes died', { ...note, to: 3, trial: null, aside: [], subjects: { ...NO_SUBJECTS, deaths: 1 } }],
  ])('say %s and are read again', (_what, one) => {
    expect(parseNote(noteText(one))).toEqual(one)
  })

  test('say nothing in peace', () => {
    expect(noteText({ from: 7, to: 7, trial: null, aside: [], subjects: NO_SUBJECTS })).toBeUndefined()
  })

  test.each([
    undefined,
    '',
    '{',
    'null',
    '[]',
    '{"version":2,"from":1,"to":2}',
    '{"version":1,"from":-1,"to":2}',
    '{"version":1,"from":1,"to":2,"trial":[1]}',
    '{"version":1,"from":1,"to":2,"aside":["1"]}',
    '{"version":1,"from":1,"to":2,"deaths":"1"}',
    '{"version":1,"from":1,"to":2,"deaths":1,"judged":1}',
    '{"version":1,"from":1,"to":2,"deaths":1,"suspects":[["one"]]}',
    '{"version":1,"from":1,"to":2,"asideSubjects":[[1,1]]}',
  ])('of others are none: %s', (text) => {
    expect(parseNote(text)).toBeNull()
  })
})
