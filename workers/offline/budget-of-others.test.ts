/** What a worker makes of a budget that others hold or have spent: on both adapters of the state. */
import { afterAll, describe, expect, test } from 'vitest'
import type { BudgetPlan } from '../../dsl/plan.ts'
import type { Question } from '../../engine/judge/question.ts'
import type { StateStore } from '../../storage/state/port.ts'
import { describeOnBothStates } from '../../test/support/on-both-states.ts'
import { startOpenAiServer } from '../../test/support/openai-server.ts'
import { createAnswerCache } from './answer-cache.ts'
import { createBudgets } from './budget.ts'
import { createOutputEstimate, withBudget } from './budgeted-client.ts'
import { createJudgeClient, type JudgeClient } from './judge-client.ts'
import { createProviderHealth } from './provider-health.ts'

const nowMs = () => Date.parse('2026-11-21T12:00:00Z')
const runOf = (name: string) => ({ tenant: 'default', evalId: `test/${name}`, runId: `test/${name}@1` })
const perRun = (micros: number): { budget: BudgetPlan } => ({
  budget: { currency: 'USD', perRunMicros: micros, perMonthMicros: null },
})
const { signal } = new AbortController()
const waits = { sleep: async () => {}, judgeTimeoutMs: 30_000 }
const none = async () => new Map<string, number>()
const common = { spendSince: none, tenantPerMonthMicroUsd: () => null, nowMs, ...waits }

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

/** Takes what was thought. */
const judge: JudgeClient = {
  async ask<T>(_: readonly string[], { read }: Question<T>) {
    const reading = read('4')
    if (reading.kind !== 'answer') throw new Error('it reads everything')
    const usage = { model: 'big', inputTokens: 100, outputTokens: 500, costMicroUsd: 600 }
    return { kind: 'answered', answer: reading.answer, usage }
  },
}

describeOnBothStates((open) => {
  const states: StateStore[] = []
  const opened = async (clock = nowMs): Promise<StateStore> => {
    const state = await open(clock)
    states.push(state)
    return state
  }
  afterAll(() => Promise.all(states.map((state) => state.close())))

  describe('who cannot reserve, with nothing of its own on its way', () => {
    const options = { prices, outputs: createOutputEstimate(), cheaper: null, holdBackMicroUsd: 0 }

    test('waits for what the calls of another worker leave', async () => {
      const [a, b] = [await opened(), await opened()]
      const budgets = (state: StateStore) => createBudgets({ state, ...common })
      const run = runOf('of-another')
      const held = await budgets(a).of(run, perRun(1_600))!.reserve(1_500)
      let looks = 0
      const looking = createBudgets({
        state: b,
        ...common,
        // What the other one holds is given back while this one waits, and not before.
        sleep: async () => {
          if (++looks === 3) await held!.settle(100)
        },
      })
      const client = withBudget(judge, { ...options, budget: looking.of(run, perRun(1_600))! })
      expect((await client.ask(['a/big'], question, signal)).kind).toBe('answered')
      expect(looks).toBe(3)
    })

    test('waits for another worker all the same, however long it waited for its own calls before', async () => {
      let clockMs = nowMs()
      const timed = { ...common, nowMs: () => clockMs }
      const [a, b] = [await opened(timed.nowMs), await opened(timed.nowMs)]
      const run = runOf('of-another-late')
      const other = createBudgets({ state: b, ...timed }).of(run, perRun(1_600))!
      const held = await other.reserve(900)
      let looks = 0
      const sleep = async () => {
        if (++looks === 2) await held!.settle(0)
      }
      const budget = createBudgets({ state: a, ...timed, sleep }).of(run, perRun(1_600))!
      const own = await budget.reserve(500)
      const inLine = Promise.withResolvers<void>()
      const asked = budget.reserveInTurn(() => {
        inLine.resolve()
        return 600
      }, signal)
      await inLine.promise
      // All tries of a call take less; the other worker has begun one meanwhile.
      clockMs += 10 * timed.judgeTimeoutMs
      await other.reserve(0)
      await own!.settle(500)
      expect(await asked).not.toBeNull()
      expect(looks).toBe(2)
    })

    test('holds up nobody behind it where looking for its answer fails', async () => {
      const budget = createBudgets({ state: await opened(), ...common }).of(runOf('of-a-bug'), perRun(100))!
      const bug = () => Promise.reject(new TypeError('a bug'))
      const own = await budget.reserve(50)
      const [failed, next] = [
        budget.reserveInTurn(() => 600, signal, undefined, bug).catch((error: unknown) => error),
        budget.reserveInTurn(() => 100, signal),
      ]
      expect(await failed).toBeInstanceOf(TypeError)
      await own!.settle(0)
      expect(await next).not.toBeNull()
    })

    test('is over budget at once where nobody has anything on its way, and stops with its signal', async () => {
      const [a, b] = [await opened(), await opened()]
      const run = runOf('of-nobody')
      const one = createBudgets({ state: a, ...common })
      await (await one.of(run, perRun(1_000))!.reserve(900))!.settle(900)
      let looks = 0
      const given = new AbortController()
      const other = createBudgets({
        state: b,
        ...common,
        sleep: async () => {
          looks++
          given.abort()
        },
      })
      const client = withBudget(judge, { ...options, budget: other.of(run, perRun(1_000))! })
      expect((await client.ask(['a/big'], question, signal)).kind).toBe('over_budget')
      expect(looks).toBe(0)
      await one.of(run, perRun(1_000))!.reserve(50)
      expect((await client.ask(['a/big'], question, given.signal)).kind).toBe('aborted')
      expect(looks).toBe(1)
    })

    test('does not wait for ever for a worker that was killed with a call on its way, whose reservation stays', async () => {
      let clockMs = nowMs()
      const clock = () => clockMs
      const [dead, b] = [await opened(clock), await opened(clock)]
      const run = runOf('of-a-dead-one')
      // Redis forgets by its own clock. A tenth of a second is all that a call takes here.
      const quick = { ...common, nowMs: clock, judgeTimeoutMs: 100 }
      const killed = createBudgets({
        state: dead,
        ...quick,
      })
      expect(await killed.of(run, perRun(1_000))!.reserve(900)).not.toBeNull()
      let looks = 0
      const living = createBudgets({
        state: b,
        ...quick,
        sleep: async () => {
          looks++
          clockMs += 100
          await new Promise((resolve) => setTimeout(resolve, 1))
        },
      })
      const client = withBudget(judge, { ...options, budget: living.of(run, perRun(1_000))! })
      expect((await client.ask(['a/big'], question, signal)).kind).toBe('over_budget')
      expect(looks).toBeGreaterThan(0)
      expect(looks).toBeLessThanOrEqual(5)
      expect(await living.of(run, perRun(1_000))!.left()).toBe(100)
      // Then it is forgotten, and not waited for at all.
      for (let before = -1; before !== looks; ) {
        before = looks
        expect((await client.ask(['a/big'], question, signal)).kind).toBe('over_budget')
      }
    })
  })

  describe('with everything spent, what was answered in the last day', () => {
    const bound = { currency: 'USD' as const, perRunMicros: null, perMonthMicros: null }
    test.each<[string, BudgetPlan, number | null]>([
      ['of the run', { ...bound, perRunMicros: 1_000 }, null],
      ['of the month', { ...bound, perMonthMicros: 1_000 }, null],
      ['of the tenant', bound, 1_000],
    ])('is used all the same: %s', async (name, budget, perTenant) => {
      const state = await opened()
      const budgets = createBudgets({
        state,
        spendSince: none,
        tenantPerMonthMicroUsd: () => perTenant,
        nowMs,
        ...waits,
      })
      const runBudget = budgets.of({ ...runOf(`recalled-${name}`), tenant: `recalled-${name}` }, { budget })!
      await (await runBudget.reserve(900))!.settle(1_000)
      const openai = await startOpenAiServer({ answer: () => ({ kind: 'content', content: '4' }) })
      try {
        const client = createJudgeClient({
          providers: new Map([['a', { name: 'a', baseUrl: openai.url, apiKey: 'none' }]]),
          health: createProviderHealth({ state, providers: ['a'], nowMs }),
          cache: createAnswerCache(state, `recalled-${name}`, nowMs),
          nowMs,
          sleep: async () => {},
          random: () => 0,
        })
        await client.ask(['a/big'], question, signal)
        const outputs = createOutputEstimate()
        const paid = withBudget(client, { budget: runBudget, prices, outputs, cheaper: null, holdBackMicroUsd: 0 })
        expect(await paid.ask(['a/big'], question, signal)).toEqual({
          kind: 'answered',
          answer: '4',
          usage: {
            model: 'big-2026-01-01',
            inputTokens: 0,
            outputTokens: 0,
            costMicroUsd: 0,
            answeredBy: ['a/big'],
            isCached: true,
          },
        })
        const other = { ...question, messages: [{ role: 'user' as const, content: 'Another.' }] }
        expect((await paid.ask(['a/big'], other, signal)).kind).toBe('over_budget')
        expect((await paid.ask(['a/small'], question, signal)).kind).toBe('over_budget')
        expect(openai.requests).toHaveLength(1)
        expect(await runBudget.left()).toBe(0)
      } finally {
        await openai.close()
      }
    })
  })
})
