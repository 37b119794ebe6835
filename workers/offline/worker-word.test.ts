/** What a process without workers says of offline evals, by the word of those elsewhere: on both adapters of the state. */
import { afterEach, expect, test } from 'vitest'
import type { StateStore } from '../../storage/state/port.ts'
import { describeOnBothStates } from '../../test/support/on-both-states.ts'
import { createWorkerWord } from './worker-word.ts'

const states: StateStore[] = []
afterEach(async () => {
  await Promise.all(states.splice(0).map((state) => state.close()))
})

describeOnBothStates((open) => {
  test('the word of a worker is what others say of its evals, and no more than it has told', async () => {
    const opened = async (): Promise<StateStore> => {
      const state = await open(Date.now)
      states.push(state)
      return state
    }
    const [worker, api] = [createWorkerWord(await opened()), createWorkerWord(await opened())]
    const detail = 'No provider is configured.'
    expect(await api.heard('acme', { id: 'shop/kind' })).toMatchObject({
      state: 'no_worker',
      detail: expect.stringContaining('No worker has told within 3 min whether shop/kind can be judged'),
    })
    await worker.tell(
      'acme',
      new Map([
        ['shop/kind', { state: 'no_provider', detail }],
        ['shop/words', { state: 'ready', detail: undefined }],
      ]),
    )
    expect(await api.heard('acme', { id: 'shop/kind' })).toEqual({ state: 'no_provider', detail })
    expect(await api.heard('acme', { id: 'shop/words' })).toEqual({ state: 'ready', detail: undefined })
    expect((await api.heard('acme', { id: 'shop/new' })).state).toBe('no_worker')
    expect((await api.heard('other', { id: 'shop/kind' })).state).toBe('no_worker')
  })

  test('a word of another version that is not known here is as good as none', async () => {
    const state = await open(Date.now)
    states.push(state)
    await state.set('offline/ready/acme', JSON.stringify({ 'shop/kind': { state: 'half_ready' } }), 60_000)
    expect((await createWorkerWord(state).heard('acme', { id: 'shop/kind' })).state).toBe('no_worker')
  })
})
