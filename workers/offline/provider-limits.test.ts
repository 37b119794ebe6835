/** Limits of a provider that two workers share, on both adapters of the state. */
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { buildPrompt } from '../../engine/judge/prompt.ts'
import { StateError, type StateStore } from '../../storage/state/port.ts'
import { describeOnBothStates } from '../../test/support/on-both-states.ts'
import { startOpenAiServer } from '../../test/support/openai-server.ts'
import { NO_ANSWERS } from './answer-cache.ts'
import { createJudgeClient } from './judge-client.ts'
import { createProviderHealth, type ProviderHealth } from './provider-health.ts'
import { withLimits } from './provider-limits.ts'
import type { Provider } from './providers.ts'

const MINUTE_MS = 60_000

function limits(open: (nowMs: () => number) => Promise<StateStore>): void {
  let nowMs = 1_800_000_000_000
  const states: StateStore[] = []
  afterAll(() => Promise.all(states.map((state) => state.close())))
  const stop = new AbortController()
  const slept: number[] = []

  /** A worker of its own; who has to wait for a rate waits on the test's clock. */
  async function worker(name: string, provider: Partial<Provider>): Promise<ProviderHealth> {
    const state = await open(() => nowMs)
    states.push(state)
    return withLimits(createProviderHealth({ state, providers: [name], nowMs: () => nowMs }), {
      state,
      providers: new Map([[name, { name, baseUrl: '', apiKey: '', ...provider }]]),
      leaseMs: MINUTE_MS,
      nowMs: () => nowMs,
      sleep: async (ms) => {
        slept.push(ms)
        if (provider.concurrency === undefined) nowMs += 5_000
        else await wait(1)
      },
      random: () => 0.5,
      signal: stop.signal,
    })
  }

  test('no more calls at once than it takes, whoever makes them', async () => {
    const workers = await Promise.all([1, 2].map(() => worker('narrow', { concurrency: 3 })))
    let [inside, most, calls] = [0, 0, 0]
    const call = async (health: ProviderHealth): Promise<void> => {
      const permit = await health.permit('narrow', 10)
      inside++
      most = Math.max(most, inside)
      await wait(2)
      inside--
      calls++
      await health.report('narrow', permit, { kind: 'answered' })
    }
    await Promise.all(Array.from({ length: 30 }, (_, i) => call(workers[i % 2]!)))
    expect(calls).toBe(30)
    expect(most).toBe(3)
  })

  test('no more calls a minute, and no more tokens', async () => {
    for (const [name, provider, tokens, perMinute] of [
      ['calls', { requestsPerMinute: 6 }, 1, 6],
      ['tokens', { tokensPerMinute: 600 }, 100, 6],
    ] as const) {
      const [a, b] = await Promise.all([worker(name, provider), worker(name, provider)])
      nowMs = Math.ceil(nowMs / MINUTE_MS + 2) * MINUTE_MS
      const atMs: number[] = []
      for (let i = 0; i < 20; i++) {
        const health = i % 2 === 0 ? a : b
        const permit = await health.permit(name, tokens)
        atMs.push(nowMs)
        await health.report(name, permit, { kind: 'answered' })
      }
      expect(atMs[5]).toBe(atMs[0])
      expect(atMs[6]).toBeGreaterThan(atMs[0]!)
      // By two minutes that touch, no window of one has more than a half above what it may.
      const within = atMs.map((from) => atMs.filter((at) => at >= from && at < from + MINUTE_MS).length)
      expect(Math.max(...within)).toBeLessThanOrEqual(perMinute * 1.5)
      expect(atMs.at(-1)! - atMs[0]!).toBeGreaterThan(2 * MINUTE_MS)
    }
    expect(slept.length).toBeGreaterThan(0)
  })

  test('of one that is out nobody waits for room, and no part of its rate is taken', async () => {
    const health = await worker('out', { requestsPerMinute: 6, tokensPerMinute: 6_000 })
    nowMs = Math.ceil(nowMs / MINUTE_MS + 2) * MINUTE_MS
    for (let i = 0; i < 5; i++)
      await health.report('out', await health.permit('out', 1_000), { kind: 'failed', detail: '503' })
    const waits = slept.length
    for (let i = 0; i < 20; i++) expect(await health.permit('out', 1_000)).toMatchObject({ kind: 'refused' })
    nowMs += 30_000
    const probe = await health.permit('out', 1_000)
    expect(probe.kind).toBe('probe')
    expect(await health.permit('out', 1_000)).toMatchObject({ kind: 'refused' })
    expect(slept).toHaveLength(waits)
    await health.report('out', probe, { kind: 'answered' })
  })

  test('a call that is broken off gives its place back', async () => {
    const [a, b] = await Promise.all([1, 2].map(() => worker('stopped', { concurrency: 1 })))
    const server = await startOpenAiServer({ answer: () => ({ kind: 'hang' }) })
    const client = createJudgeClient({
      providers: new Map([['stopped', { name: 'stopped', baseUrl: server.url, apiKey: 'none' }]]),
      health: a!,
      cache: NO_ANSWERS,
      nowMs: () => nowMs,
      sleep: async () => {},
      random: () => 0,
    })
    const abort = new AbortController()
    const nonce = '0123456789abcdef'
    const shown = [{ path: 'output.text', text: 'Yes.' }]
    const prompt = buildPrompt({ rubric: '5 good. 1 bad.', scale: { low: 1, high: 5 }, shown, nonce })
    const asked = client.ask(['stopped/small'], prompt, abort.signal)
    while (server.requests.length === 0) await wait(5)
    abort.abort()
    expect(await asked).toEqual({ kind: 'aborted' })
    await server.close()
    const waits = slept.length
    expect(await b!.permit('stopped', 1)).toMatchObject({ kind: 'call' })
    expect(slept).toHaveLength(waits)
  })

  test('a call that ends by a bug gives its place back', async () => {
    const [a, b] = await Promise.all([1, 2].map(() => worker('broken', { concurrency: 1 })))
    const client = createJudgeClient({
      providers: new Map([['broken', { name: 'broken', baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'none' }]]),
      health: a!,
      cache: NO_ANSWERS,
      nowMs: () => nowMs,
      sleep: async () => {},
      random: () => 0,
    })
    const shown = [{ path: 'output.text', text: 'Yes.' }]
    const nonce = '0123456789abcdef'
    const prompt = buildPrompt({ rubric: '5 good. 1 bad.', scale: { low: 1, high: 5 }, shown, nonce })
    // JSON has no such number: it can't be sent.
    const unsendable = { ...prompt, schema: { maximum: 5n } }
    await expect(client.ask(['broken/small'], unsendable, new AbortController().signal)).rejects.toThrow('BigInt')
    const waits = slept.length
    // The one place among all, by this worker's count and by that of all.
    for (const health of [a!, b!]) {
      const permit = await health.permit('broken', 1)
      expect(permit).toMatchObject({ kind: 'call' })
      await health.report('broken', permit, { kind: 'answered' })
    }
    expect(slept).toHaveLength(waits)
  })

  test('a place is given back where the rate or the breaker cannot be asked for', async () => {
    const state = await open(() => nowMs)
    states.push(state)
    const inner = createProviderHealth({ state, providers: ['odd'], nowMs: () => nowMs })
    let asked = 0
    const health = withLimits(
      {
        ...inner,
        permit: async (name) => {
          if (++asked === 2) throw new TypeError('a bug')
          return inner.permit(name)
        },
      },
      {
        state,
        providers: new Map([['odd', { name: 'odd', baseUrl: '', apiKey: '', concurrency: 1 }]]),
        leaseMs: MINUTE_MS,
        nowMs: () => nowMs,
        sleep: async () => expect.fail('nobody else is there'),
        random: () => 0.5,
        signal: stop.signal,
      },
    )
    await expect(health.permit('odd', 1)).rejects.toThrow('a bug')
    expect(await health.permit('odd', 1)).toMatchObject({ kind: 'call' })
  })

  test('a call that is larger than a minute’s worth is made all the same', async () => {
    const health = await worker('huge', { tokensPerMinute: 100 })
    expect(await health.permit('huge', 5_000)).toMatchObject({ kind: 'call' })
  })
}

describeOnBothStates(limits)

test('while the state cannot be reached, calls are made', async () => {
  const away = async (): Promise<never> => {
    throw new StateError('away')
  }
  const state = { get: away, set: away, compareAndSet: away, add: away, setInIfRoom: away, removeIn: away }
  const health = withLimits(createProviderHealth({ state, providers: ['x'], nowMs: () => 0 }), {
    state,
    providers: new Map([['x', { name: 'x', baseUrl: '', apiKey: '', concurrency: 1, requestsPerMinute: 1 }]]),
    leaseMs: 1_000,
    nowMs: () => 0,
    sleep: away,
    random: () => 0,
    signal: new AbortController().signal,
  })
  for (let i = 0; i < 3; i++) {
    const permit = await health.permit('x', 1)
    expect(permit.kind).toBe('call')
    await health.report('x', permit, { kind: 'answered' })
  }
})
