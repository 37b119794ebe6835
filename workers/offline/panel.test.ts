import { afterEach, expect, test } from 'vitest'
import { askRubric } from '../../engine/judge/ask-rubric.ts'
import { type JudgedScore, noScore } from '../../engine/judge/asker.ts'
import { openEmbeddedState } from '../../storage/state/embedded.ts'
import type { StateStore } from '../../storage/state/port.ts'
import { type OpenAiServer, type Scripted, startOpenAiServer } from '../../test/support/openai-server.ts'
import { createAnswerCache } from './answer-cache.ts'
import { askerOf } from './asker.ts'
import { NO_USAGE } from './completion.ts'
import { createJudgeClient } from './judge-client.ts'
import { type Judged, judgeByPanel, providersLacking } from './panel.ts'
import { createProviderHealth } from './provider-health.ts'

const scale = { low: 1, high: 5 }
const about = askRubric({ rubric: '5 good. 1 bad.', scale, shown: [] })

let server: OpenAiServer
let state: StateStore
afterEach(() => Promise.all([server.close(), state.close()]))

const scores = (score: number, model?: string): Scripted => ({
  kind: 'content',
  content: JSON.stringify({ evidence: [], reasoning: `It is ${score}.`, abstain: false, score }),
  usage: { input: 10, output: 1 },
  ...(model !== undefined && { model }),
})
const answers: Record<string, Scripted> = {
  two: scores(2),
  five: scores(5),
  also5: scores(5),
  alias: scores(5, 'five-2026-01-01'),
  four: scores(4),
  six: scores(6),
  down: { kind: 'status', status: 403 },
  silent: {
    kind: 'content',
    content: '{"abstain": true, "reasoning": "nothing to see"}',
    usage: { input: 10, output: 1 },
  },
  shy: { kind: 'refusal', refusal: 'No.' },
}

async function ask(
  models: string[],
  fallbacks: string[] = [],
  take: 'mean' | 'median' | 'majority' = 'mean',
): Promise<Judged> {
  server = await startOpenAiServer({ answer: ({ model }) => answers[model] ?? { kind: 'status', status: 404 } })
  const providers = new Map([['x', { name: 'x', baseUrl: server.url, apiKey: 'none' }]])
  const nowMs = () => 1_800_000_000_000
  state = await openEmbeddedState({ dataDir: ':memory:', nowMs })
  const health = createProviderHealth({ state, providers: ['x'], nowMs })
  const cache = createAnswerCache(state, 'default', nowMs)
  const client = createJudgeClient({ providers, health, cache, nowMs, sleep: async () => {}, random: () => 0 })
  const named = (names: string[]) => names.map((name) => `x/${name}`)
  const judges = {
    models: named(models),
    fallbacks: named(fallbacks),
    take: models.length > 1 ? take : null,
  }
  const context = { judge: client, nonce: () => '0123456789abcdef', signal: new AbortController().signal }
  return judgeByPanel(judges, async (names) => {
    const { asker, usage } = askerOf(names, context)
    return { scored: await about(asker), usage: usage() }
  })
}

test('a panel takes the mean and adds the tokens', async () => {
  expect(await ask(['two', 'five'])).toEqual({
    scored: {
      kind: 'score',
      score: 3.5,
      explanation: 'two-2026-01-01 gave 2: It is 2.\nfive-2026-01-01 gave 5: It is 5.',
      judgements: [
        {
          kind: 'judge',
          about: 'panel',
          verdict: 'disagree',
          value: expect.closeTo(2.1213, 4),
          detail: 'standard deviation 2.121, range 3',
        },
        { kind: 'judge', about: 'two-2026-01-01', verdict: 'scored', value: 2 },
        { kind: 'judge', about: 'five-2026-01-01', verdict: 'scored', value: 5 },
      ],
    },
    usage: {
      model: 'two-2026-01-01, five-2026-01-01',
      inputTokens: 20,
      outputTokens: 2,
      answeredBy: ['x/two', 'x/five'],
    },
  })
})

test.each<[string, string[], string[], object]>([
  ['a fallback stands in for a member', ['two', 'down'], ['five'], { kind: 'score', score: 3.5 }],
  ['one fallback cannot stand in for two', ['down', 'two', 'down2'], ['five'], { why: { code: 'judge_unreachable' } }],
  [
    'two that are written the same have one voice, and are not asked',
    ['two', 'two'],
    [],
    {
      why: {
        code: 'judge_unreachable',
        detail: 'x/two and x/two of the panel are one model, two, which has one voice',
      },
    },
  ],
  [
    'one fallback written twice cannot either',
    ['down', 'two', 'down2'],
    ['five', 'five'],
    { why: { code: 'judge_unreachable' } },
  ],
  [
    'deployments that hide that they are one model have one voice',
    ['five', 'alias'],
    [],
    {
      why: {
        code: 'judge_unreachable',
        detail: 'x/five and x/alias of the panel are one model, five-2026-01-01, which has one voice',
      },
    },
  ],
  ['a member cannot stand in for another', ['two', 'down'], ['two'], { why: { code: 'judge_unreachable' } }],
  [
    'a fallback that is down itself gives way to the next',
    ['two', 'down'],
    ['down2', 'five'],
    { kind: 'score', score: 3.5 },
  ],
  ['one that abstains leaves no score', ['five', 'silent'], [], { why: { code: 'abstained' } }],
  ['one that refuses leaves no score', ['five', 'shy'], [], { why: { code: 'refused' } }],
  ['one that answers nonsense leaves no score', ['five', 'six'], [], { why: { code: 'judge_malformed' } }],
  ['an error outranks an abstention', ['silent', 'six'], [], { why: { code: 'judge_malformed' } }],
  ['a single judge fails over', ['down'], ['down2', 'five'], { kind: 'score', score: 5 }],
])('%s', async (_, models, fallbacks, expected) => {
  expect((await ask(models, fallbacks)).scored).toMatchObject(expected)
})

test.each<[string, string[], 'median' | 'majority', object]>([
  ['the middle score', ['two', 'five', 'four'], 'median', { kind: 'score', score: 4 }],
  ['half way between the two in the middle', ['two', 'five'], 'median', { kind: 'score', score: 3.5 }],
  ['what more than half say', ['five', 'two', 'also5'], 'majority', { kind: 'score', score: 5 }],
  [
    'no score where none has more than half, and says so',
    ['two', 'five'],
    'majority',
    { kind: 'none', why: { code: 'abstained', detail: 'no score has more than half of the panel' } },
  ],
])('%s', async (_, models, take, expected) => {
  expect((await ask(models, [], take)).scored).toMatchObject(expected)
})

test.each<[string, string[], string[], object]>([
  ['of one model by two providers one counts', ['x/two', 'y/two'], [], { why: { code: 'judge_unreachable' } }],
  ['nor by failover', ['x/two', 'x/down'], ['y/two'], { why: { code: 'judge_unreachable' } }],
  ['nor by the failover of both', ['x/down', 'x/down2'], ['x/five', 'y/five'], { why: { code: 'judge_unreachable' } }],
  ['one that is no other member’s model stands in', ['x/two', 'x/down'], ['y/two', 'y/five'], { score: 3.5 }],
  ['a member’s own model elsewhere stands in for it', ['x/down', 'x/two'], ['y/down'], { score: 3 }],
])('%s', async (_, models, fallbacks, expected) => {
  const scored = (score: number): JudgedScore => ({ kind: 'score', score, judgements: [] })
  const by: Record<string, JudgedScore> = {
    'x/two': scored(2),
    'y/two': scored(2),
    'x/five': scored(5),
    'y/five': scored(5),
    'y/down': scored(4),
  }
  const asked: string[] = []
  const judged = await judgeByPanel({ models, fallbacks, take: 'mean' }, async ([name = '']) => {
    asked.push(name)
    const known = by[name] ?? noScore({ code: 'judge_unreachable', detail: 'down' })
    return { scored: known, usage: { ...NO_USAGE, model: by[name] === undefined ? undefined : name } }
  })
  expect(judged.scored).toMatchObject(expected)
  expect(new Set(asked).size).toBe(asked.length)
})

test('which providers are lacking', async () => {
  server = await startOpenAiServer({ answer: () => scores(1) })
  const providers = new Map([['x', { name: 'x', baseUrl: server.url, apiKey: 'none' }]])
  expect(providersLacking({ models: ['x/a'], fallbacks: [], take: null }, providers)).toEqual([])
  expect(providersLacking({ models: ['y/a'], fallbacks: ['x/b'], take: null }, providers)).toEqual([])
  expect(providersLacking({ models: ['y/a'], fallbacks: ['z/b'], take: null }, providers)).toEqual(['y/a', 'z/b'])
  expect(providersLacking({ models: ['x/a', 'y/a'], fallbacks: ['x/b'], take: null }, providers)).toEqual(['y/a'])
})
