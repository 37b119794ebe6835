/** What every adapter of the state port has to pass, run against the real part. */
import { afterEach, describe, expect, test } from 'vitest'
import type { StateStore } from './port.ts'

export interface StateUnderTest {
  /** A further connection to the same state, as another instance would have. */
  open(): Promise<StateStore>
  /** Lets so much time pass for the adapter's expiry, on its own clock where it has one. */
  pass(ms: number): Promise<void>
}

/** Long beside a busy machine's pauses where time really passes. */
const SOON_MS = 300
const LATER_MS = 3_600_000

export function stateContract(name: string, under: () => StateUnderTest): void {
  describe(`${name}: state contract`, () => {
    const opened: StateStore[] = []
    const open = async (): Promise<StateStore> => {
      const state = await under().open()
      opened.push(state)
      return state
    }
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((state) => state.close()))
    })

    test('what one sets all see, and the last one stays', async () => {
      const [a, b] = [await open(), await open()]
      expect(await b.get('seen')).toBeUndefined()
      await a.set('seen', 'first', LATER_MS)
      expect(await b.get('seen')).toBe('first')
      await b.set('seen', 'second', LATER_MS)
      expect(await a.get('seen')).toBe('second')
    })

    test('many at the same time: each is kept for its time, and each reader has its own', async () => {
      const [state, other] = [await open(), await open()]
      const keys = Array.from({ length: 150 }, (_, i) => `many ${i}`)
      const isKept = (_: string, i: number): boolean => i % 3 > 0
      const sets = keys.map((key, i) => state.set(key, `value of ${key}`, isKept(key, i) ? LATER_MS : SOON_MS))
      await Promise.all(sets)
      await under().pass(2 * SOON_MS)
      const found = await Promise.all(keys.map((key) => other.get(key)))
      expect(found).toEqual(keys.map((key, i) => (isKept(key, i) ? `value of ${key}` : undefined)))
    })

    test.each([
      ['empty', ''],
      ['beyond ASCII', 'Zürich 東京 🚂 \u0000 \r\n'],
      ['large', 'x'.repeat(1 << 20)],
    ])('a text comes back as it was: %s', async (title, text) => {
      const state = await open()
      await state.set(`text ${title}`, text, LATER_MS)
      expect(await state.get(`text ${title}`)).toBe(text)
    })

    test('keys are apart, whatever they are made of', async () => {
      const state = await open()
      const keys = ['a', 'a:b', 'a/b', 'a b', '{a}', '{b}', '*', 'é', 'A', "'; DROP TABLE state"]
      for (const key of keys) await state.set(key, `value of ${key}`, LATER_MS)
      for (const key of keys) expect(await state.get(key)).toBe(`value of ${key}`)
    })

    test('what begins alike is cleared at once, and the rest stays', async () => {
      const state = await open()
      const cleared = ['clear*/a', 'clear*/b/c', 'clear*/é']
      const kept = ['clear*', 'clear', 'clearX/a', 'x clear*/a', 'CLEAR*/a']
      for (const key of [...cleared, ...kept]) await state.set(key, 'x', LATER_MS)
      expect(await state.clear('clear*/')).toBe(cleared.length)
      for (const key of cleared) expect(await state.get(key)).toBeUndefined()
      for (const key of kept) expect(await state.get(key)).toBe('x')
      expect(await state.clear('clear*/')).toBe(0)
    })

    test('an entry is there until it expires, and each write starts its time anew', async () => {
      const state = await open()
      await state.set('brief', 'x', SOON_MS)
      await state.set('renewed', 'x', SOON_MS)
      await state.set('renewed', 'y', LATER_MS)
      expect(await state.get('renewed')).toBe('y')
      await under().pass(2 * SOON_MS)
      expect(await state.get('brief')).toBeUndefined()
      expect(await state.get('renewed')).toBe('y')
      expect(await state.compareAndSet('brief', 'x', 'z', LATER_MS)).toBe(false)
      expect(await state.compareAndSet('brief', undefined, 'z', LATER_MS)).toBe(true)
    })

    test('compare and set changes what is as expected, and nothing else', async () => {
      const [a, b] = [await open(), await open()]
      expect(await a.compareAndSet('cas', 'x', 'y', LATER_MS)).toBe(false)
      expect(await a.compareAndSet('cas', undefined, 'one', LATER_MS)).toBe(true)
      expect(await b.compareAndSet('cas', undefined, 'two', LATER_MS)).toBe(false)
      expect(await b.compareAndSet('cas', 'absent', 'two', LATER_MS)).toBe(false)
      expect(await b.compareAndSet('cas', 'one', 'two', LATER_MS)).toBe(true)
      expect(await a.get('cas')).toBe('two')
    })

    test('of those that compare and set at once, each step is made once', async () => {
      const instances = [await open(), await open(), await open()]
      const add = async (state: StateStore): Promise<void> => {
        for (;;) {
          const before = await state.get('counted')
          if (await state.compareAndSet('counted', before, String(Number(before ?? 0) + 1), LATER_MS)) return
        }
      }
      await Promise.all(Array.from({ length: 60 }, (_, i) => add(instances[i % 3]!)))
      expect(await instances[0]!.get('counted')).toBe('60')
    })

    test('of those that add at once, every one counts and the bound holds', async () => {
      const instances = [await open(), await open(), await open()]
      const sums = await Promise.all(
        Array.from({ length: 60 }, (_, i) => instances[i % 3]!.add('sum', 3, LATER_MS, 100)),
      )
      expect(sums.filter((sum) => sum !== undefined)).toHaveLength(33)
      expect(await instances[1]!.get('sum')).toBe('99')
      expect(await instances[0]!.add('sum', -40, LATER_MS)).toBe(59)
      expect(await instances[2]!.add('sum', 9_000_000_000_000, LATER_MS)).toBe(9_000_000_000_059)
      expect(await instances[2]!.add('sum', 1, LATER_MS, 100)).toBeUndefined()
      await expect(instances[0]!.add('sum', 0.5, LATER_MS)).rejects.toThrow(RangeError)
    })

    test('a group takes no more than there is room for, until one leaves or expires', async () => {
      const [a, b] = [await open(), await open()]
      const enter = (state: StateStore, who: string, ttlMs = LATER_MS) => state.setInIfRoom('room', who, 'x', ttlMs, 2)
      expect(await enter(a, 'one')).toBe(true)
      expect(await enter(b, 'two', SOON_MS)).toBe(true)
      expect(await enter(b, 'three')).toBe(false)
      expect(await enter(b, 'one')).toBe(true)
      await a.removeIn('room', 'one')
      expect(await enter(b, 'three')).toBe(true)
      expect(await enter(a, 'four')).toBe(false)
      await under().pass(2 * SOON_MS)
      expect(await enter(a, 'four')).toBe(true)
      expect([...(await b.list('room')).keys()].sort()).toEqual(['four', 'three'])
    })

    test('a group lists what is in it, without what has expired or was removed', async () => {
      const [a, b] = [await open(), await open()]
      expect(await a.list('group')).toEqual(new Map())
      await a.setIn('group', 'one', 'first', LATER_MS)
      await b.setIn('group', 'two', 'x', LATER_MS)
      await b.setIn('group', 'one', 'second', LATER_MS)
      await a.setIn('group', 'brief', 'x', SOON_MS)
      await a.setIn('another group', 'three', 'x', LATER_MS)
      await a.set('group', 'not in it', LATER_MS)
      expect((await b.list('group')).get('brief')).toBe('x')
      await under().pass(2 * SOON_MS)
      await b.removeIn('group', 'two')
      await b.removeIn('group', 'never there')
      expect(await a.list('group')).toEqual(new Map([['one', 'second']]))
      expect(await a.list('another group')).toEqual(new Map([['three', 'x']]))
    })

    test('a group stays for as long as one of its entries does', async () => {
      const state = await open()
      await state.setIn('lasting', 'long', 'x', LATER_MS)
      await state.setIn('lasting', 'short', 'x', SOON_MS)
      await under().pass(2 * SOON_MS)
      expect([...(await state.list('lasting')).keys()]).toEqual(['long'])
    })

    test('groups are apart, whatever their names and keys are made of', async () => {
      const state = await open()
      const names = ['a', 'a:b', 'a/b', 'a b', '{a}', '}', '{', '*', 'é', "'; DROP TABLE state"]
      for (const name of names) for (const key of names) await state.setIn(name, key, `${key} of ${name}`, LATER_MS)
      for (const name of names)
        expect(await state.list(name)).toEqual(new Map(names.map((key) => [key, `${key} of ${name}`])))
    })

    test.each([
      ['', 'v', 1_000],
      ['k'.repeat(513), 'v', 1_000],
      ['k', 'v', 0],
      ['k', 'v', 1.5],
      ['k', 'v', Number.POSITIVE_INFINITY],
    ])('a caller’s mistake throws: %#', async (key, value, ttlMs) => {
      const state = await open()
      await expect(state.set(key, value, ttlMs)).rejects.toThrow(RangeError)
      await expect(state.compareAndSet(key, undefined, value, ttlMs)).rejects.toThrow(RangeError)
      await expect(state.setIn('group', key, value, ttlMs)).rejects.toThrow(RangeError)
    })

    test.each(['', 'g'.repeat(257)])('a name that no group has throws: %#', async (group) => {
      const state = await open()
      await expect(state.setIn(group, 'k', 'v', 1_000)).rejects.toThrow(RangeError)
      await expect(state.list(group)).rejects.toThrow(RangeError)
    })
  })
}
