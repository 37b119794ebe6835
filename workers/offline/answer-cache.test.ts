/** The cache of what judges answered, on both adapters of the state. */
import { afterAll, expect, test } from 'vitest'
import type { JudgePrompt } from '../../engine/judge/question.ts'
import { openEmbeddedState } from '../../storage/state/embedded.ts'
import type { StateStore } from '../../storage/state/port.ts'
import { describeOnBothStates, type OpenState } from '../../test/support/on-both-states.ts'
import { type Asked, createAnswerCache } from './answer-cache.ts'

const HOUR_MS = 3_600_000
const answer = { text: '{"score":4}', model: 'gpt-5-mini-2026-01-01' }

function asked(over: Partial<JudgePrompt> = {}, model = 'gpt-5-mini'): Asked {
  const question: JudgePrompt = {
    messages: [{ role: 'user', content: 'Is n0nce0123456789ab good?' }],
    schema: { type: 'object' },
    schemaName: 'judgement',
    promptVersion: '1',
    nonce: 'n0nce0123456789ab',
    cut: [],
    ...over,
  }
  return { provider: { name: 'openai', baseUrl: 'http://127.0.0.1', apiKey: 'none' }, model, question }
}

function cached(open: OpenState): void {
  const nowMs = 1_800_000_000_000
  const states: StateStore[] = []
  afterAll(() => Promise.all(states.map((state) => state.close())))
  const opened = async (): Promise<StateStore> => {
    const state = await open(() => nowMs)
    states.push(state)
    return state
  }

  test('what one worker was told all know, of their tenant alone, for 24 hours', async () => {
    const [one, other] = [await opened(), await opened()]
    const kept: number[] = []
    const noting: StateStore = {
      ...one,
      set: (key, value, ttlMs) => {
        kept.push(ttlMs)
        return one.set(key, value, ttlMs)
      },
    }
    await createAnswerCache(noting, 'default', () => nowMs).put(asked(), answer)
    expect(kept).toEqual([24 * HOUR_MS])
    const elsewhere = createAnswerCache(other, 'default', () => nowMs)
    expect(await elsewhere.get(asked())).toEqual(answer)
    // Another nonce makes no other question; everything else does.
    const again = { nonce: 'fedcba98765432100', messages: [{ role: 'user', content: 'Is fedcba98765432100 good?' }] }
    expect(await elsewhere.get(asked(again as Partial<JudgePrompt>))).toEqual(answer)
    for (const different of [
      asked({}, 'gpt-5'),
      asked({ promptVersion: '2' }),
      asked({ schema: { type: 'array' } }),
      asked({ messages: [{ role: 'user', content: 'Is n0nce0123456789ab bad?' }] }),
      { ...asked(), provider: { name: 'other', baseUrl: 'http://127.0.0.1', apiKey: 'none' } },
    ])
      expect(await elsewhere.get(different)).toBeUndefined()
    expect(await createAnswerCache(other, 'acme', () => nowMs).get(asked())).toBeUndefined()
    expect(elsewhere.stats()).toEqual({ hits: 2, misses: 5 })
  })
}

describeOnBothStates(cached)

test('a day later it is asked again', async () => {
  let nowMs = 1_800_000_000_000
  const state = await openEmbeddedState({ dataDir: ':memory:', nowMs: () => nowMs })
  const cache = createAnswerCache(state, 'default', () => nowMs)
  await cache.put(asked(), answer)
  nowMs += 24 * HOUR_MS - 1
  expect(await cache.get(asked())).toEqual(answer)
  nowMs += 2
  expect(await cache.get(asked())).toBeUndefined()
  await state.close()
})
