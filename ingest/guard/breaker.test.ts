import { beforeEach, describe, expect, test } from 'vitest'
import { Breaker, type Passage } from './breaker.ts'

let nowMs = 0
let breaker: Breaker
beforeEach(() => {
  nowMs = 1_000_000
  breaker = new Breaker(() => nowMs)
})

function pass(outcome: 'appended' | 'failed' | 'nothing'): Passage {
  const passage = breaker.enter()
  if (passage.ok) passage.end(outcome)
  return passage
}

const states = (): string => breaker.view().state

describe('a log that refuses', () => {
  test('opens it at the third failure in a row', () => {
    pass('failed')
    pass('failed')
    pass('appended')
    pass('failed')
    pass('failed')
    expect(states()).toBe('closed')
    pass('failed')
    expect(breaker.view()).toEqual({
      state: 'open',
      reason: 'the log refuses what is appended',
      opened: 1,
      refused: 0,
    })
    expect(pass('appended')).toEqual({ ok: false, reason: 'the log refuses what is appended', retryAfterSeconds: 1 })
  })

  test('is tried by one request at a time, and closed after three that go well', () => {
    for (let n = 0; n < 3; n++) pass('failed')
    nowMs += 1_000
    expect(states()).toBe('half_open')
    const trial = breaker.enter()
    expect(trial.ok).toBe(true)
    expect(breaker.enter().ok).toBe(false)
    if (trial.ok) trial.end('appended')
    pass('appended')
    expect(states()).toBe('half_open')
    pass('appended')
    expect(states()).toBe('closed')
    const [one, other] = [breaker.enter(), breaker.enter()]
    expect([one.ok, other.ok]).toEqual([true, true])
  })

  test('stays open for longer each time that a trial fails, up to a bound', () => {
    for (let n = 0; n < 3; n++) pass('failed')
    const waits: number[] = []
    for (let n = 0; n < 6; n++) {
      const refusal = breaker.refusal()
      waits.push(refusal?.retryAfterSeconds ?? 0)
      nowMs += (refusal?.retryAfterSeconds ?? 0) * 1_000
      pass('failed')
    }
    expect(waits).toEqual([1, 2, 4, 8, 15, 15])
    expect(breaker.view().opened).toBe(1)
  })

  test('a request without spans, or of a bad sender, decides nothing', () => {
    for (let n = 0; n < 3; n++) pass('failed')
    nowMs += 1_000
    for (let n = 0; n < 5; n++) pass('nothing')
    expect(states()).toBe('half_open')
  })
})

test('a log that stalls opens it for those who come after, and what was under way may yet end well', () => {
  const stalled = breaker.enter()
  // The wait for the count of a limit is not the log's.
  nowMs += 60_000
  expect(breaker.refusal()).toBeNull()
  if (stalled.ok) stalled.appending()
  nowMs += 2_999
  pass('appended')
  nowMs += 1
  expect(breaker.refusal()).toMatchObject({ reason: 'the log has not answered for 3 s' })
  if (stalled.ok) stalled.end('appended')
  expect(states()).toBe('open')
  nowMs += 1_000
  for (let n = 0; n < 3; n++) pass('appended')
  expect(states()).toBe('closed')
})

test('a backlog opens it at once, and closes it when it is worked off', () => {
  breaker.setBacklog('evaluation is more than 10 min behind')
  breaker.setBacklog('evaluation is more than 10 min behind')
  expect(breaker.enter()).toEqual({
    ok: false,
    reason: 'evaluation is more than 10 min behind',
    retryAfterSeconds: 10,
  })
  expect(breaker.view()).toMatchObject({ state: 'open', opened: 1, refused: 1 })
  breaker.setBacklog(null)
  expect(breaker.enter().ok).toBe(true)
})
