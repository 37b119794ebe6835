import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type EmbeddedState, openEmbeddedState } from '../../storage/state/embedded.ts'
import { StateError, type StateStore } from '../../storage/state/port.ts'
import { createDailyQuota } from './daily-quota.ts'
import { createLimits, type Limits, type TenantLimits } from './limits.ts'
import { createRateWindows } from './rate-windows.ts'

const UNLIMITED: TenantLimits = {
  spansPerSecond: null,
  bytesPerSecond: null,
  burstSeconds: 10,
  spansPerDay: null,
  bytesPerDay: null,
}

let nowMs: number
let state: EmbeddedState
let told: (string | null)[]

beforeEach(async () => {
  nowMs = Date.parse('2026-11-21T12:00:00Z')
  told = []
  state = await openEmbeddedState({ dataDir: ':memory:', nowMs: () => nowMs })
})
afterEach(() => state.close())

/** As a gateway has them. */
function limitsOf(
  forAll: Partial<TenantLimits>,
  options: { acme?: Partial<TenantLimits>; state?: StateStore } = {},
): Limits {
  const clock = () => nowMs
  return createLimits({
    settings: {
      forAll: { ...UNLIMITED, ...forAll },
      byTenant: new Map(options.acme === undefined ? [] : [['acme', { ...UNLIMITED, ...options.acme }]]),
    },
    windows: createRateWindows({ redis: null, nowMs: clock, onChange: (text) => void told.push(text) }),
    quota: createDailyQuota({ state: options.state ?? state, nowMs: clock, onChange: (text) => void told.push(text) }),
    nowMs: clock,
  })
}

const isTaken = async (limits: Limits, spans: number, bytes = spans * 1_000): Promise<boolean> =>
  (await limits.take('default', spans, bytes, nowMs)) === null

describe('a rate', () => {
  test('no limit is no question: nothing is waited for', () => {
    expect(limitsOf({}).take('default', 1_000_000, 1_000_000_000, nowMs)).toBeNull()
    const some = limitsOf({ spansPerSecond: 1 }, { acme: {} })
    expect(some.take('acme', 1_000_000, 1_000_000_000, nowMs)).toBeNull()
    expect(some.take('default', 1, 1, nowMs)).toBeInstanceOf(Promise)
  })

  test('ten seconds’ worth may come at once; then nothing until the window ends', async () => {
    const limits = limitsOf({ spansPerSecond: 100 })
    for (let i = 0; i < 10; i++) expect(await isTaken(limits, 100)).toBe(true)
    expect(limits.closed('default')).toBeNull()
    nowMs += 4_000
    const over = await limits.take('default', 1, 1, nowMs)
    expect(over).toEqual({
      kind: 'later',
      reason: 'rate_limited',
      message: 'tenant default may send 100 spans a second, 1000 within 10 s; nothing was kept',
      retryAfterSeconds: 6,
    })
    // From now on it is known without asking.
    expect(limits.closed('default')).toEqual(over)
    expect(limits.view().refusedTenants).toBe(1)
    expect(limits.closed('acme')).toBeNull()
    nowMs += 6_000
    expect(limits.closed('default')).toBeNull()
    expect(limits.view().refusedTenants).toBe(0)
    expect(await isTaken(limits, 1_000)).toBe(true)
  })

  test('over many windows the average holds, whatever is sent', async () => {
    const limits = limitsOf({ spansPerSecond: 100 })
    let spans = 0
    for (let second = 0; second < 600; second++) {
      for (let i = 0; i < 7; i++) if (await isTaken(limits, 30 + ((second + i) % 40))) spans += 30 + ((second + i) % 40)
      nowMs += 1_000
    }
    expect(spans).toBeLessThanOrEqual(60_000)
    expect(spans).toBeGreaterThan(60_000 * 0.95)
  })

  test('a batch that no longer fits takes nothing from those that do', async () => {
    const limits = limitsOf({ spansPerSecond: 100 })
    expect(await isTaken(limits, 900)).toBe(true)
    expect(await isTaken(limits, 101)).toBe(false)
    expect(limits.closed('default')).toBeNull()
    expect(await isTaken(limits, 100)).toBe(true)
  })

  test('nor does it while it is being refused', async () => {
    const limits = limitsOf({ spansPerSecond: 100 })
    expect(await isTaken(limits, 900)).toBe(true)
    const asked = await Promise.all([
      isTaken(limits, 500),
      isTaken(limits, 60),
      isTaken(limits, 700),
      isTaken(limits, 40),
    ])
    expect(asked).toEqual([false, true, false, true])
  })

  test('bytes and spans each hold, and what one refuses the other has not counted', async () => {
    const limits = limitsOf({ spansPerSecond: 100, bytesPerSecond: 10_000 })
    expect(await isTaken(limits, 10, 90_000)).toBe(true)
    for (let i = 0; i < 5; i++) expect(await isTaken(limits, 900, 20_000)).toBe(false)
    expect(await isTaken(limits, 990, 10_000)).toBe(true)
    expect(await limits.take('default', 1, 1, nowMs)).toMatchObject({
      message: expect.stringContaining('spans a second'),
    })
  })

  test('a batch that fits into no window is refused for good', async () => {
    const limits = limitsOf({ spansPerSecond: 10 })
    expect(await limits.take('default', 101, 1, nowMs)).toEqual({
      kind: 'never',
      message:
        'the batch has 101 spans, and tenant default may send 10 spans a second, 100 within 10 s: send smaller batches',
    })
    expect(await isTaken(limits, 100)).toBe(true)
  })

  test('what could not be appended is given back', async () => {
    const limits = limitsOf({ spansPerSecond: 100, spansPerDay: 1_000 })
    for (let i = 0; i < 20; i++) {
      expect(await isTaken(limits, 1_000)).toBe(true)
      limits.giveBack('default', 1_000, 1_000_000, nowMs)
    }
  })

  test('what could not be appended is given back to the window that it was taken from', async () => {
    const limits = limitsOf({ spansPerSecond: 100 })
    const takenAtMs = nowMs
    expect(await isTaken(limits, 1_000)).toBe(true)
    nowMs += 10_000
    expect(await isTaken(limits, 600)).toBe(true)
    limits.giveBack('default', 1_000, 1_000_000, takenAtMs)
    expect(await isTaken(limits, 401)).toBe(false)
    expect(await isTaken(limits, 400)).toBe(true)
  })

  test('tenants have their own', async () => {
    const limits = limitsOf({ spansPerSecond: 1 }, { acme: { spansPerSecond: 100 } })
    expect(await limits.take('acme', 1_000, 1, nowMs)).toBeNull()
    expect(await limits.take('acme', 1, 1, nowMs)).not.toBeNull()
    expect(await limits.take('other', 10, 1, nowMs)).toBeNull()
    expect(await limits.take('default', 10, 1, nowMs)).toBeNull()
  })
})

describe('a daily quota', () => {
  test('what was taken before midnight does not come back after it', async () => {
    const limits = limitsOf({ spansPerDay: 1_000 })
    const takenAtMs = nowMs
    expect(await isTaken(limits, 1_000)).toBe(true)
    nowMs += 86_400_000
    expect(await isTaken(limits, 600)).toBe(true)
    limits.giveBack('default', 1_000, 1_000_000, takenAtMs)
    expect(await isTaken(limits, 401)).toBe(false)
    nowMs += 60_000
    expect(await isTaken(limits, 400)).toBe(true)
    // Whoever began before midnight and comes to it after it does not take the day back.
    const before = limitsOf({ spansPerDay: 1_000 })
    nowMs += 86_400_000
    expect(await isTaken(before, 600)).toBe(true)
    expect(await before.take('default', 400, 1, nowMs - 86_400_000)).toBeNull()
    expect(await isTaken(before, 1)).toBe(false)
  })

  test('says until when it is used up, and is there again with the day', async () => {
    const limits = limitsOf({ spansPerDay: 1_000 })
    for (let i = 0; i < 100; i++) expect(await isTaken(limits, 10)).toBe(true)
    const over = await limits.take('default', 1, 1, nowMs)
    expect(over).toEqual({
      kind: 'later',
      reason: 'quota_used',
      message:
        'tenant default has none left of its 1000 spans of the day, until 2026-11-22T00:00:00.000Z; nothing was kept',
      retryAfterSeconds: 12 * 3_600,
    })
    expect(limits.closed('default')).toEqual(over)
    nowMs += 12 * 3_600_000
    expect(await isTaken(limits, 1_000)).toBe(true)
    expect(await isTaken(limits, 1)).toBe(false)
  })

  test('a batch that no longer fits is in the way of no smaller one', async () => {
    const limits = limitsOf({ spansPerDay: 1_000 })
    expect(await isTaken(limits, 900)).toBe(true)
    expect(await limits.take('default', 101, 1, nowMs)).toMatchObject({
      reason: 'quota_used',
      message: expect.stringContaining('has no more than 100 left of its 1000 spans of the day'),
    })
    expect(limits.closed('default')).toBeNull()
    expect(await isTaken(limits, 100)).toBe(true)
    expect(await isTaken(limits, 1)).toBe(false)
    expect(limits.closed('default')).not.toBeNull()
  })

  test('gateways share it to the last span, however they ask at once', async () => {
    const gateways = [
      limitsOf({ spansPerDay: 1_000 }),
      limitsOf({ spansPerDay: 1_000 }),
      limitsOf({ spansPerDay: 1_000 }),
    ]
    const asked = await Promise.all(Array.from({ length: 600 }, (_, i) => isTaken(gateways[i % 3]!, 3)))
    const taken = asked.filter(Boolean).length * 3
    expect(taken).toBeLessThanOrEqual(1_000)
    // Each may hold a portion that is too small for the last batch.
    expect(taken).toBeGreaterThan(1_000 - 3 * 10)
  })

  test('a gateway that stops gives its portion back; one that starts goes on from there', async () => {
    const first = limitsOf({ spansPerDay: 1_000 })
    expect(await isTaken(first, 1)).toBe(true)
    await first.close()
    const second = limitsOf({ spansPerDay: 1_000 })
    expect(await isTaken(second, 999)).toBe(true)
    expect(await isTaken(second, 1)).toBe(false)
    await second.close()
    expect(await isTaken(limitsOf({ spansPerDay: 1_000 }), 1)).toBe(false)
  })

  test('bytes that are refused leave the spans uncounted', async () => {
    const limits = limitsOf({ spansPerDay: 100, bytesPerDay: 1_000 })
    expect(await isTaken(limits, 50, 1_000)).toBe(true)
    expect(await isTaken(limits, 50, 1)).toBe(false)
    nowMs += 60_000
    expect(await isTaken(limits, 50, 0)).toBe(true)
  })

  test('with the state away it is counted here, and entered there when it is back', async () => {
    let isAway = true
    const flaky: StateStore = {
      ...state,
      get: (key) => (isAway ? Promise.reject(new StateError('Redis does not answer')) : state.get(key)),
    }
    const limits = limitsOf({ spansPerDay: 1_000 }, { state: flaky })
    expect(await isTaken(limits, 600)).toBe(true)
    expect(limits.view().trouble).toBe('Redis does not answer')
    expect(told).toEqual(['Redis does not answer'])
    expect(await isTaken(limits, 401)).toBe(false)
    isAway = false
    nowMs += 60_000
    expect(await isTaken(limits, 100)).toBe(true)
    expect(told).toEqual(['Redis does not answer', null])
    expect(limits.view().trouble).toBeNull()
    const other = limitsOf({ spansPerDay: 1_000 })
    expect(await isTaken(other, 301)).toBe(false)
    nowMs += 60_000
    expect(await isTaken(other, 300)).toBe(true)
  })
})
