/** What one instance sees of a provider and what the others do then, on both adapters of the state. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openState } from '../../storage/state/open-state.ts'
import { StateError, type StateStore } from '../../storage/state/port.ts'
import { type RunningRedis, redisServer, redisSettings, startRedis } from '../../test/support/redis-server.ts'
import { createProviderHealth, type ProviderHealth } from './provider-health.ts'
import { troubleOf } from './provider-levels.ts'

const T = 1_800_000_000_000
let nowMs = T
const clock = () => nowMs
/** Longer than what one instance knows of the others may be old. */
const A_MOMENT_MS = 1_000
const down = { kind: 'failed', detail: '503 overloaded' } as const

let states: StateStore[] = []
beforeEach(() => {
  nowMs = T
})
afterEach(async () => {
  await Promise.all(states.splice(0).map((state) => state.close()))
})

async function call(health: ProviderHealth, outcome: { kind: 'answered' } | typeof down): Promise<string> {
  const permit = await health.permit('openai')
  await health.report('openai', permit, outcome)
  return permit.kind
}

async function calls(health: ProviderHealth, count: number, outcome: Parameters<typeof call>[1]): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => call(health, outcome)))
}

function sharedHealth(open: () => Promise<StateStore>): void {
  const instance = async (providers = ['openai', 'local']): Promise<ProviderHealth> => {
    const state = await open()
    states.push(state)
    return createProviderHealth({ state, providers, nowMs: clock })
  }

  test('one sees failures, the other stops calling, and both come back', async () => {
    const [a, b] = [await instance(), await instance()]
    expect(await call(b, { kind: 'answered' })).toBe('call')
    await calls(a, 5, down)
    nowMs += A_MOMENT_MS
    expect(await b.permit('openai')).toEqual({
      kind: 'refused',
      sinceMs: T,
      retryAtMs: T + 30_000,
      prospect: 'out',
      failedMs: T,
    })
    expect(await b.permit('local')).toEqual({ kind: 'call' })
    expect(await b.health()).toEqual({
      level: 'failover',
      shared: true,
      providers: [
        { name: 'local', breaker: 'closed', sinceMs: undefined, lastFailure: undefined },
        { name: 'openai', breaker: 'open', sinceMs: T, lastFailure: { atMs: T, detail: '503 overloaded' } },
      ],
    })
    // A probe each 10 s, whoever asks first.
    const seen: string[] = []
    for (const [seconds, health] of [
      [30, a],
      [30, b],
      [40, b],
      [40, a],
      [50, a],
      [50, b],
    ] as const) {
      nowMs = Math.max(nowMs, T + seconds * 1_000)
      seen.push(await call(health, { kind: 'answered' }))
      nowMs += A_MOMENT_MS
    }
    expect(seen).toEqual(['probe', 'refused', 'probe', 'refused', 'probe', 'call'])
    expect((await a.health()).level).toBe('normal')
    expect((await b.health()).providers[1]).toMatchObject({
      breaker: 'closed',
      lastFailure: { detail: '503 overloaded' },
    })
  })

  test('failures of both count together, and those of many at once are all counted', async () => {
    const [a, b] = [await instance(), await instance()]
    await Promise.all([calls(a, 2, down), calls(b, 2, down)])
    nowMs += A_MOMENT_MS
    expect(await a.permit('openai')).toEqual({ kind: 'call' })
    await call(b, down)
    nowMs += A_MOMENT_MS
    expect((await a.permit('openai')).kind).toBe('refused')
  })

  test('a probe is one instance’s alone, even when both ask at once', async () => {
    const [a, b] = [await instance(), await instance()]
    await calls(a, 5, down)
    nowMs += 30_000
    const permits = await Promise.all([a, b, a, b].map((health) => health.permit('openai')))
    expect(permits.filter(({ kind }) => kind === 'probe')).toHaveLength(1)
    expect(permits.filter(({ kind }) => kind === 'refused')).toHaveLength(3)
    expect((await b.health()).providers.find(({ name }) => name === 'openai')).toMatchObject({ breaker: 'half_open' })
  })

  test('who is refused hears what became of the last probe, whoever made it', async () => {
    const [a, b] = [await instance(), await instance()]
    await calls(a, 5, down)
    nowMs += 300_000
    const prospect = async () => {
      nowMs += A_MOMENT_MS
      const permit = await b.permit('openai')
      return permit.kind === 'refused' ? permit.prospect : permit.kind
    }
    const probe = await a.permit('openai')
    expect(await prospect()).toBe('unknown')
    await a.report('openai', probe, { kind: 'answered' })
    expect(await prospect()).toBe('answering')
    nowMs += 10_000
    await call(a, down)
    expect(await prospect()).toBe('out')
  })

  test('a busy provider that fails now and then goes on', async () => {
    const a = await instance()
    for (let i = 0; i < 20; i++) {
      await calls(a, 20, { kind: 'answered' })
      await call(a, down)
      nowMs += A_MOMENT_MS
    }
    expect(await a.permit('openai')).toEqual({ kind: 'call' })
  })

  test('an instance that only looks sees the providers of the workers, until they are gone for a day', async () => {
    const [looking, worker] = [await instance([]), await instance(['openai'])]
    expect((await looking.health()).level).toBe('no_provider')
    await worker.permit('openai')
    nowMs += A_MOMENT_MS
    expect((await looking.health()).providers.map(({ name }) => name)).toEqual(['openai'])
    nowMs += 25 * 3_600_000
    const other = await instance(['vllm'])
    await other.permit('vllm')
    nowMs += A_MOMENT_MS
    expect((await looking.health()).providers.map(({ name }) => name)).toEqual(['vllm'])
  })
}

describe('on the embedded state', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-health-'))
  let run = 0
  afterAll(() => rmSync(folder, { recursive: true }))
  beforeEach(() => {
    run++
  })
  sharedHealth(() => openState({ dataDir: join(folder, String(run)), nowMs: clock }, fail))
})

// Where Redis is required (CI) its absence fails in beforeAll instead of skipping.
describe.skipIf(!redisServer.installed && !redisServer.required)(
  'on redis-server (skipped where it is not installed)',
  () => {
    let redis: RunningRedis
    let run = 0
    beforeAll(async () => {
      redis = await startRedis()
    })
    afterAll(() => redis?.stop())
    beforeEach(() => {
      run++
    })
    const open = (onError: (error: Error) => void = fail): Promise<StateStore> =>
      openState({ redis: redisSettings(`${redis.url}?prefix=run${run}`), dataDir: '', nowMs: clock }, onError)
    sharedHealth(open)

    test('while Redis is gone each goes by its own calls, and says so; then they share again', async () => {
      states = [await open(() => {}), await open(() => {})]
      const [a, b] = states.map((state) => createProviderHealth({ state, providers: ['openai'], nowMs: clock }))
      await call(a!, { kind: 'answered' })
      await redis.kill()
      nowMs += A_MOMENT_MS
      await calls(a!, 5, down)
      expect((await a!.permit('openai')).kind).toBe('refused')
      expect((await b!.permit('openai')).kind).toBe('call')
      const health = await a!.health()
      expect(health).toMatchObject({ level: 'cache_only', shared: false })
      expect(troubleOf(health)).toBe(
        'judging is at level cache_only: openai takes no calls, out since 2027-01-15T08:00:01.000Z (503 overloaded); ' +
          'the shared state cannot be reached: this instance goes by its own calls',
      )
      await redis.start()
      while (!(await b!.health()).shared || !(await a!.health()).shared) {
        nowMs += 6_000
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await calls(b!, 5, down)
      nowMs += A_MOMENT_MS
      expect((await a!.permit('openai')).kind).toBe('refused')
    })
  },
)

test('what is stored of a provider that is configured no more counts for nothing where nobody else has the state', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-health-only-'))
  const state = await openState({ dataDir: folder, nowMs: clock }, fail)
  try {
    const levelWith = async (providers: string[]) =>
      (await createProviderHealth({ state, providers, isOnly: true, nowMs: clock }).health()).level
    await calls(createProviderHealth({ state, providers: ['openai'], isOnly: true, nowMs: clock }), 5, down)
    expect(await levelWith(['openai'])).toBe('cache_only')
    expect(await levelWith([])).toBe('no_provider')
    expect(await levelWith(['vllm'])).toBe('normal')
  } finally {
    await state.close()
    rmSync(folder, { recursive: true })
  }
})

describe('a state that misbehaves', () => {
  const stub = (get: StateStore['get']): Pick<StateStore, 'get' | 'set' | 'compareAndSet'> => ({
    get,
    set: async () => {},
    compareAndSet: async () => true,
  })

  test('is not asked at each call', async () => {
    let asked = 0
    const health = createProviderHealth({
      state: stub(async () => {
        asked++
        throw new StateError('gone')
      }),
      providers: ['openai'],
      nowMs: clock,
    })
    for (let i = 0; i < 10; i++) await call(health, { kind: 'answered' })
    expect(asked).toBe(1)
    nowMs += 5_000
    await health.permit('openai')
    expect(asked).toBe(2)
  })

  test.each([
    '',
    'nonsense',
    '{"version": 2}',
    '{"version": 1, "providers": {"openai": {"breaker": {"kind": "ajar"}}}}',
  ])('and holds %j counts as empty', async (text) => {
    const health = createProviderHealth({ state: stub(async () => text), providers: ['openai'], nowMs: clock })
    expect(await health.permit('openai')).toEqual({ kind: 'call' })
  })
})

function fail(error: Error): void {
  throw error
}
