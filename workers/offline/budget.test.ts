/** Budgets on both adapters of the state, with many who spend at once, some of whom are killed. */
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { BudgetPlan } from '../../dsl/plan.ts'
import { noScore } from '../../engine/judge/asker.ts'
import type { Question } from '../../engine/judge/question.ts'
import { StateError, type StateStore } from '../../storage/state/port.ts'
import { describeOnBothStates } from '../../test/support/on-both-states.ts'
import { afford } from './afford.ts'
import { askerOf } from './asker.ts'
import { createBudgets } from './budget.ts'
import { createOutputEstimate, withBudget } from './budgeted-client.ts'
import type { JudgeClient } from './judge-client.ts'
import { judgeByPanel } from './panel.ts'

const nowMs = () => Date.parse('2026-11-21T12:00:00Z')
const runOf = (name: string) => ({ tenant: 'default', evalId: `test/${name}`, runId: `test/${name}@1` })
const perRun = (micros: number, more: Partial<BudgetPlan> = {}): { budget: BudgetPlan } => ({
  budget: { currency: 'USD', perRunMicros: micros, perMonthMicros: null, ...more },
})
const { signal } = new AbortController()
/** Who waits for another worker looks again as soon as the others have had their turn. */
const waits = { sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 1)), judgeTimeoutMs: 30_000 }

/** Of 400 characters: 100 tokens, and 500 of an answer until one is known. At 1 USD a million each that is 600 µUSD. */
const question: Question<string> = {
  messages: [{ role: 'user', content: 'x'.repeat(400) }],
  schema: {},
  schemaName: 'x',
  promptVersion: '1',
  nonce: '',
  cut: [],
  read: (text) => ({ kind: 'answer', answer: text }),
}
const prices = { 'a/big': { input: 1, output: 1 }, 'a/small': { input: 0.1, output: 0.1 } }

interface Spender {
  client: JudgeClient
  spent(): number
  inFlight(): number
  askedOf: string[]
}

/** Answers cost between half and one and a half times of what was thought. */
function spender(): Spender {
  let [spent, inFlight] = [0, 0]
  let random = 7
  const askedOf: string[] = []
  return {
    askedOf,
    spent: () => spent,
    inFlight: () => inFlight,
    client: {
      async ask<T>(judges: readonly string[], asked: Question<T>) {
        const judge = judges[0]!
        askedOf.push(judge)
        inFlight++
        await new Promise((resolve) => setImmediate(resolve))
        random = (random * 16_807) % 2_147_483_647
        const outputTokens = 200 + (random % 600)
        const costMicroUsd = Math.ceil(prices[judge as keyof typeof prices].input * (100 + outputTokens))
        spent += costMicroUsd
        inFlight--
        const read = asked.read('4')
        if (read.kind !== 'answer') throw new Error('it reads everything')
        const usage = { model: judge, inputTokens: 100, outputTokens, costMicroUsd }
        return { kind: 'answered' as const, answer: read.answer, usage }
      },
    },
  }
}

function budgetsOf(open: () => Promise<StateStore>): void {
  const states: StateStore[] = []
  const opened = async (): Promise<StateStore> => {
    const state = await open()
    states.push(state)
    return state
  }
  afterAll(() => Promise.all(states.map((state) => state.close())))
  const none = async () => new Map<string, number>()

  test('many workers at once spend no more than it and what is in flight', async () => {
    const AT_ONCE = 24
    const LIMIT = 60_000
    const all = await Promise.all([opened(), opened(), opened()])
    const one = spender()
    const clients = all.map((state) => {
      const budgets = createBudgets({ state, spendSince: none, tenantPerMonthMicroUsd: () => null, nowMs, ...waits })
      const budget = budgets.of(runOf('many'), perRun(LIMIT))!
      return withBudget(one.client, {
        budget,
        prices,
        outputs: createOutputEstimate(),
        cheaper: null,
        holdBackMicroUsd: 0,
      })
    })
    let overBudget = 0
    let highest = 0
    const lane = async (i: number): Promise<void> => {
      for (let n = 0; n < 12; n++) {
        const outcome = await clients[i % 3]!.ask(['a/big'], question, signal)
        if (outcome.kind === 'over_budget') overBudget++
        highest = Math.max(highest, one.spent())
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => lane(i)))
    expect(overBudget).toBeGreaterThan(0)
    expect(one.askedOf.length + overBudget).toBe(AT_ONCE * 12)
    // What a call in flight may cost beyond its estimate.
    expect(highest).toBeLessThanOrEqual(LIMIT + AT_ONCE * 900)
    expect(highest).toBeGreaterThan(LIMIT * 0.9)
  })

  test('so of a month and of a tenant, whichever is the tightest, by many evals at once', async () => {
    const AT_ONCE = 24
    const [RUN, MONTH, TENANT] = [20_000, 30_000, 50_000]
    const states = await Promise.all([opened(), opened(), opened()])
    const own = { tenant: 'acme', evalId: '', runId: '' }
    // Two evals of the tenant, each with two runs.
    const runs = ['a@1', 'a@2', 'b@1', 'b@2'].map((runId) => ({
      ...own,
      evalId: runId.slice(0, 1),
      runId,
      one: spender(),
    }))
    const clients = states.map((state) => {
      const budgets = createBudgets({ state, spendSince: none, tenantPerMonthMicroUsd: () => TENANT, nowMs, ...waits })
      return runs.map(({ one, ...job }) =>
        withBudget(one.client, {
          budget: budgets.of(job, perRun(RUN, { perMonthMicros: MONTH }))!,
          prices,
          outputs: createOutputEstimate(),
          cheaper: null,
          holdBackMicroUsd: 0,
        }),
      )
    })
    const highest = new Map<string, number>()
    const note = (): void => {
      for (const name of ['', 'a', 'b', 'a@1', 'a@2', 'b@1', 'b@2']) {
        const spent = runs.filter(({ runId }) => runId.startsWith(name)).reduce((sum, { one }) => sum + one.spent(), 0)
        highest.set(name, Math.max(highest.get(name) ?? 0, spent))
      }
    }
    let overBudget = 0
    const lane = async (i: number): Promise<void> => {
      for (let n = 0; n < 12; n++) {
        const outcome = await clients[i % 3]![(i + n) % runs.length]!.ask(['a/big'], question, signal)
        if (outcome.kind === 'over_budget') overBudget++
        note()
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => lane(i)))
    expect(overBudget).toBeGreaterThan(0)
    const inFlight = AT_ONCE * 900
    expect(highest.get('')).toBeLessThanOrEqual(TENANT + inFlight)
    expect(highest.get('')).toBeGreaterThan(TENANT * 0.9)
    for (const name of ['a', 'b']) expect(highest.get(name)).toBeLessThanOrEqual(MONTH + inFlight)
    for (const { runId } of runs) expect(highest.get(runId)).toBeLessThanOrEqual(RUN + inFlight)
    // Settled, the counts are what was spent, to the cent.
    const budget = createBudgets({
      state: states[0]!,
      spendSince: none,
      tenantPerMonthMicroUsd: () => TENANT,
      nowMs,
      ...waits,
    })
    const sum = runs.reduce((total, { one }) => total + one.spent(), 0)
    const left = await budget.of({ ...own, evalId: 'c', runId: 'c@1' }, { budget: null })!.left()
    expect(left).toBe(Math.max(0, TENANT - sum))
  })

  test('a worker that is killed with calls on their way takes what they may have cost with it', async () => {
    const state = await opened()
    const budgets = createBudgets({ state, spendSince: none, tenantPerMonthMicroUsd: () => null, nowMs, ...waits })
    const budget = budgets.of(runOf('killed'), perRun(2_000))!
    // Never settled.
    expect(await budget.reserve(900)).not.toBeNull()
    expect(await budget.left()).toBe(1_100)
    const second = await budget.reserve(900)
    expect(await budget.reserve(900)).toBeNull()
    await second!.settle(100)
    expect(await budget.left()).toBe(1_000)
    expect(await budget.reserve(900)).not.toBeNull()
  })

  test('what one bound had reserved is given back where the next cannot be asked: nobody was', async () => {
    const state = await opened()
    let isOut = false
    const failing: Pick<StateStore, 'get' | 'compareAndSet' | 'add' | 'setIn' | 'removeIn' | 'list'> = {
      get: (key) => state.get(key),
      compareAndSet: (...args) => state.compareAndSet(...args),
      setIn: (...args) => state.setIn(...args),
      removeIn: (...args) => state.removeIn(...args),
      list: (group) => state.list(group),
      add: async (key, ...args) => {
        if (isOut && key.includes('/month/')) throw new StateError('out')
        return state.add(key, ...args)
      },
    }
    const budget = createBudgets({
      state: failing,
      spendSince: none,
      tenantPerMonthMicroUsd: () => null,
      nowMs,
      ...waits,
    }).of(runOf('second-bound'), perRun(1_000, { perMonthMicros: 5_000 }))!
    isOut = true
    await expect(budget.reserve(600)).rejects.toBeInstanceOf(StateError)
    await expect(budget.reserveInTurn(() => 600, signal)).rejects.toBeInstanceOf(StateError)
    isOut = false
    expect(await budget.left()).toBe(1_000)
    expect(await budget.reserve(1_000)).not.toBeNull()
  })

  test('who cannot reserve waits for what the calls in flight leave: a budget that suffices judges all', async () => {
    const state = await opened()
    const budgets = createBudgets({ state, spendSince: none, tenantPerMonthMicroUsd: () => 2_000, nowMs, ...waits })
    let [inFlight, most, asked] = [0, 0, 0]
    // Each has 600 reserved, of which it takes 100.
    const cheap: JudgeClient = {
      async ask<T>(_: readonly string[], { read }: Question<T>) {
        asked++
        most = Math.max(most, ++inFlight)
        await new Promise((resolve) => setImmediate(resolve))
        inFlight--
        const reading = read('4')
        if (reading.kind !== 'answer') throw new Error('it reads everything')
        const usage = { model: 'big', inputTokens: 100, outputTokens: 0, costMicroUsd: 100 }
        return { kind: 'answered' as const, answer: reading.answer, usage }
      },
    }
    const outputs = createOutputEstimate()
    // Two runs of two evals, within what their tenant may spend.
    const clients = ['in-turn-a', 'in-turn-b'].map((name) =>
      withBudget(cheap, {
        budget: budgets.of({ ...runOf(name), tenant: 'in-turn' }, perRun(1_500))!,
        prices,
        outputs,
        cheaper: null,
        holdBackMicroUsd: 0,
      }),
    )
    const askAll = (times: number) =>
      Promise.all(Array.from({ length: times }, (_, i) => clients[i % 2]!.ask(['a/big'], question, signal)))
    expect((await askAll(14)).map(({ kind }) => kind)).toEqual(Array(14).fill('answered'))
    expect(most).toBeLessThanOrEqual(3)
    // With 1,400 of 2,000 spent, one more is paid for; then nobody is in flight whom the others could wait for.
    const kinds = (await askAll(5)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'answered')).toHaveLength(1)
    expect(kinds.filter((kind) => kind === 'over_budget')).toHaveLength(4)
    expect(asked).toBe(15)
  })

  test('who waits goes on when a call fails or is broken off, and stops with its signal', async () => {
    const state = await opened()
    const budgets = createBudgets({ state, spendSince: none, tenantPerMonthMicroUsd: () => null, nowMs, ...waits })
    const ends: (() => void)[] = []
    const begun: (() => void)[] = []
    const nextBegins = () => new Promise<void>((resolve) => begun.push(resolve))
    const failing: JudgeClient = {
      async ask(_judges, _question, within) {
        begun.shift()?.()
        await new Promise<void>((resolve) => ends.push(resolve))
        if (within.aborted) return { kind: 'aborted' }
        throw new Error('the state is away')
      },
    }
    const options = { prices, outputs: createOutputEstimate(), cheaper: null, holdBackMicroUsd: 0 }
    const client = withBudget(failing, { ...options, budget: budgets.of(runOf('fails'), perRun(1_200))! })
    const stop = new AbortController()
    const both = [nextBegins(), nextBegins()]
    const first = client.ask(['a/big'], question, stop.signal)
    const second = client.ask(['a/big'], question, signal).catch((error: Error) => error.message)
    await Promise.all(both)
    const given = new AbortController()
    const waiting = [1, 2, 3].map(() => client.ask(['a/big'], question, given.signal))
    const patient = client.ask(['a/big'], question, signal)
    given.abort()
    expect((await Promise.all(waiting)).map(({ kind }) => kind)).toEqual(Array(3).fill('aborted'))
    stop.abort()
    for (const end of ends) end()
    expect((await first).kind).toBe('aborted')
    expect(await second).toBe('the state is away')
    // What they may have cost stays reserved.
    expect((await patient).kind).toBe('over_budget')
    expect(ends).toHaveLength(2)
  })

  test('members of a panel, each with questions one after the other, wait for one another without an end to none', async () => {
    const state = await opened()
    const budgets = createBudgets({ state, spendSince: none, tenantPerMonthMicroUsd: () => null, nowMs, ...waits })
    const one = spender()
    const client = withBudget(one.client, {
      // Room for one question at a time of all that are asked at once.
      budget: budgets.of(runOf('panel'), perRun(25_000))!,
      prices,
      outputs: { tokensOf: () => 15_000, note: () => {} },
      cheaper: null,
      holdBackMicroUsd: 0,
    })
    const judges = { models: ['a/big', 'a/small'], fallbacks: [], take: 'mean' as const }
    const subject = () =>
      judgeByPanel(judges, async (models) => {
        const { asker, usage } = askerOf(models, { judge: client, nonce: () => '', signal })
        for (let step = 0; step < 2; step++) {
          const answer = await asker.ask(question)
          if (answer.kind === 'none') return { scored: noScore(answer.why), usage: usage() }
        }
        return { scored: { kind: 'score', score: 4, explanation: '', judgements: [] }, usage: usage() }
      })
    const judged = await Promise.all(Array.from({ length: 6 }, subject))
    expect(judged.map(({ scored }) => scored.kind)).toEqual(Array(6).fill('score'))
    expect(one.askedOf).toHaveLength(24)
  })

  test('a month is counted for all runs of an eval, a tenant’s for all of its evals, from what the store has', async () => {
    const state = await opened()
    const asked: number[] = []
    const budgets = createBudgets({
      state,
      spendSince: async (_, sinceMs) => {
        asked.push(sinceMs)
        return new Map([
          ['test/monthly', 400],
          ['test/other', 500],
        ])
      },
      tenantPerMonthMicroUsd: () => 1_500,
      nowMs,
      ...waits,
    })
    const month = perRun(10_000, { perRunMicros: null, perMonthMicros: 1_000 })
    const first = budgets.of(runOf('monthly'), month)!
    expect(await first.left()).toBe(600)
    expect(asked[0]).toBe(Date.parse('2026-11-01T00:00:00Z'))
    await (await first.reserve(500))!.settle(450)
    const second = budgets.of({ ...runOf('monthly'), runId: 'test/monthly@2' }, month)!
    expect(await second.left()).toBe(150)
    // 500 + 400 + 450 of the tenant's 1500; a refusal takes nothing of the bounds that it did not meet.
    const other = budgets.of(runOf('other'), { budget: null })!
    expect(await other.left()).toBe(150)
    expect(await second.reserve(200)).toBeNull()
    expect(await other.left()).toBe(150)
  })

  test('a new month, of UTC, begins with nothing spent, and a run’s own budget goes on', async () => {
    const state = await opened()
    let atMs = Date.parse('2026-11-30T23:59:59.999Z')
    const budgets = createBudgets({
      state,
      spendSince: async (_, sinceMs) =>
        new Map(sinceMs === Date.parse('2026-11-01T00:00:00Z') ? [['test/turn', 900]] : []),
      tenantPerMonthMicroUsd: () => 1_200,
      nowMs: () => atMs,
      ...waits,
    })
    const job = { ...runOf('turn'), tenant: 'turn' }
    const budget = budgets.of(job, perRun(1_050, { perMonthMicros: 1_000 }))!
    expect(await budget.reserve(200)).toBeNull()
    await (await budget.reserve(100))!.settle(100)
    expect(await budget.left()).toBe(0)
    atMs++
    expect(await budget.left()).toBe(950)
    await (await budget.reserve(900))!.settle(900)
    expect(await budget.left()).toBe(50)
    expect(await budgets.of({ ...job, runId: 'test/turn@2' }, { budget: null })!.left()).toBe(300)
  })

  test('the cheaper judge takes over where the own one is not paid for', async () => {
    const state = await opened()
    const one = spender()
    const budgets = createBudgets({ state, spendSince: none, tenantPerMonthMicroUsd: () => null, nowMs, ...waits })
    const budget = budgets.of(runOf('cheaper'), perRun(4_000))!
    const options = { prices, outputs: createOutputEstimate(), cheaper: 'a/small', holdBackMicroUsd: 0 }
    const client = withBudget(one.client, { budget, ...options })
    const kinds: string[] = []
    for (let n = 0; n < 100; n++) kinds.push((await client.ask(['a/big'], question, signal)).kind)
    const big = one.askedOf.filter((judge) => judge === 'a/big').length
    expect(big).toBeGreaterThanOrEqual(2)
    expect(one.askedOf.slice(big)).toEqual(Array(one.askedOf.length - big).fill('a/small'))
    expect(one.askedOf.length - big).toBeGreaterThan(0)
    expect(kinds.slice(one.askedOf.length)).toEqual(Array(100 - one.askedOf.length).fill('over_budget'))
    expect(one.spent()).toBeLessThanOrEqual(4_000 + 900)
  })

  test("where some are the cheaper judge's beforehand, what the own one cannot have is over budget, and what is kept stays kept", async () => {
    const state = await opened()
    const one = spender()
    const budgets = createBudgets({ state, spendSince: none, tenantPerMonthMicroUsd: () => null, nowMs, ...waits })
    const budget = budgets.of(runOf('kept'), perRun(4_000))!
    const options = { budget, prices, outputs: createOutputEstimate(), cheaper: 'a/small', holdBackMicroUsd: 1_500 }
    const own = withBudget(one.client, options)
    const kinds: string[] = []
    for (let n = 0; n < 20; n++) kinds.push((await own.ask(['a/big'], question, signal)).kind)
    expect(new Set(one.askedOf)).toEqual(new Set(['a/big']))
    expect(kinds.slice(one.askedOf.length)).toEqual(Array(20 - one.askedOf.length).fill('over_budget'))
    const cheap = withBudget(one.client, { ...options, asksCheaper: true })
    for (let n = 0; n < 10; n++) expect((await cheap.ask(['a/big'], question, signal)).kind).toBe('answered')
    expect(one.askedOf.slice(-10)).toEqual(Array(10).fill('a/small'))
  })

  test('what the cheaper judge has spent of what is kept for it takes nothing from the own one', async () => {
    const state = await opened()
    const budgets = createBudgets({ state, spendSince: none, tenantPerMonthMicroUsd: () => null, nowMs, ...waits })
    // Four subjects by the own judge at 600, ten by the cheaper one at 60, which are done first.
    const budget = budgets.of(runOf('divided'), perRun(3_000))!
    const options = { budget, prices, cheaper: 'a/small', holdBackMicroUsd: 600 }
    const asked: string[] = []
    const exact: JudgeClient = {
      async ask<T>([judge = '']: readonly string[], { read }: Question<T>) {
        asked.push(judge)
        const reading = read('4')
        if (reading.kind !== 'answer') throw new Error('it reads everything')
        const costMicroUsd = judge === 'a/big' ? 600 : 60
        const usage = { model: judge, inputTokens: 100, outputTokens: 500, costMicroUsd }
        return { kind: 'answered' as const, answer: reading.answer, usage }
      },
    }
    const clientOf = (asksCheaper: boolean) =>
      withBudget(exact, { ...options, outputs: createOutputEstimate(), asksCheaper })
    const [own, cheap] = [clientOf(false), clientOf(true)]
    for (let n = 0; n < 10; n++) await cheap.ask(['a/big'], question, signal)
    for (let n = 0; n < 4; n++) await own.ask(['a/big'], question, signal)
    expect(asked).toEqual([...Array(10).fill('a/small'), ...Array(4).fill('a/big')])
    expect((await own.ask(['a/big'], question, signal)).kind).toBe('over_budget')
  })
}

describeOnBothStates((open) => budgetsOf(() => open(nowMs)))

test('nothing bounds an eval without a budget, of a tenant without one', async () => {
  const state = {} as StateStore
  const budgets = createBudgets({
    state,
    spendSince: async () => new Map(),
    tenantPerMonthMicroUsd: () => null,
    nowMs,
    ...waits,
  })
  expect(budgets.of(runOf('free'), { budget: null })).toBeNull()
})

describe('what a budget affords', () => {
  test.each([
    ['all of it', [3, 3, 3], null, 9, { own: 3, cheaper: 0, unpaid: 0 }],
    ['the first of it', [3, 3, 3], null, 8, { own: 2, cheaper: 0, unpaid: 1 }],
    ['nothing', [3, 3], null, 2, { own: 0, cheaper: 0, unpaid: 2 }],
    ['some by each', [10, 10, 10, 10], [1, 1, 1, 1], 22, { own: 2, cheaper: 2, unpaid: 0, holdBackMicroUsd: 2 }],
    ['all by the cheaper', [10, 10], [1, 1], 2, { own: 0, cheaper: 2, unpaid: 0 }],
    ['some by the cheaper', [10, 10, 10], [1, 1, 1], 2, { own: 0, cheaper: 2, unpaid: 1 }],
  ] as const)('%s', (_, own, cheap, left, expected) => {
    expect(afford(own, cheap, left)).toMatchObject(expected)
  })

  test('is never above it, and every subject is in one part', () => {
    const cost = fc.integer({ min: 1, max: 100 })
    fc.assert(
      fc.property(fc.array(fc.tuple(cost, cost)), fc.nat(3_000), fc.boolean(), (costs, left, hasCheap) => {
        const own = costs.map(([dear, cheap]) => dear + cheap)
        const cheap = hasCheap ? costs.map(([, one]) => one) : null
        const parts = afford(own, cheap, left)
        expect(parts.own + parts.cheaper + parts.unpaid).toBe(own.length)
        const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
        const spent = sum(own.slice(0, parts.own)) + sum((cheap ?? []).slice(parts.own, parts.own + parts.cheaper))
        expect(spent).toBeLessThanOrEqual(left)
      }),
    )
  })
})
