/** How long a judge's answer takes that was given before: the whole way of a question, from the prompt to the answer read. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type Question, readJson } from '../../engine/judge/question.ts'
import { openState } from '../../storage/state/open-state.ts'
import { redisSettings } from '../../test/support/redis-server.ts'
import { createAnswerCache } from '../../workers/offline/answer-cache.ts'
import { createJudgeClient } from '../../workers/offline/judge-client.ts'
import { createProviderHealth } from '../../workers/offline/provider-health.ts'
import { providersByName } from '../../workers/offline/providers.ts'

const QUESTIONS = 2_000
const JUDGE = 'openai/stub'
const TO_REACH_MS = 2

const answerSchema = z.object({ score: z.number() })

/** As long as a usual prompt: rubric, instructions and a conversation. */
function questionOf(index: number): Question<z.infer<typeof answerSchema>> {
  const nonce = 'n0nce0000000000'
  return {
    messages: [
      { role: 'system', content: 'Grade the answer by the rubric. '.repeat(40) },
      { role: 'user', content: `<${nonce}>${'Where is my parcel? '.repeat(60)}${index}</${nonce}>` },
    ],
    schema: { type: 'object', properties: { score: { type: 'number' } } },
    schemaName: 'judgement',
    promptVersion: 'bench-1',
    nonce,
    cut: [],
    read: (text) => readJson(text, answerSchema),
  }
}

/** On Redis where its URL is given, else in a folder, as the embedded mode has it. */
export async function measureCacheHits(baseUrl: string, redisUrl: string | null): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-bench-'))
  const redis = redisUrl === null ? null : redisSettings(redisUrl)
  const state = await openState({ redis, dataDir, nowMs: Date.now }, (error) => console.error(error))
  const providers = providersByName([
    {
      name: 'openai',
      apiKey: 'none',
      baseUrl,
      concurrency: null,
      requestsPerMinute: null,
      tokensPerMinute: null,
      alsoFor: null,
      order: 1,
      weight: 1,
      logprobs: false,
    },
  ])
  const client = createJudgeClient({
    providers,
    health: createProviderHealth({ state, providers: [...providers.keys()], nowMs: Date.now }),
    cache: createAnswerCache(state, 'default', Date.now),
    nowMs: Date.now,
    sleep: async (ms, signal) => void (await sleep(ms, undefined, { signal }).catch(() => {})),
    random: Math.random,
  })
  const { signal } = new AbortController()
  const timesMs: number[] = []
  try {
    for (const round of ['asked', 'found'])
      for (let index = 0; index < QUESTIONS; index++) {
        const startedMs = performance.now()
        const outcome = await client.ask([JUDGE], questionOf(index), signal)
        if (outcome.kind !== 'answered') throw new Error(`the judge's answer is ${outcome.kind}`)
        if (round === 'found') timesMs.push(performance.now() - startedMs)
      }
  } finally {
    await state.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
  timesMs.sort((a, b) => a - b)
  const at = (q: number): string => (timesMs[Math.floor((timesMs.length - 1) * q)] ?? Number.NaN).toFixed(2)
  const where = redisUrl === null ? 'the embedded state' : 'Redis'
  console.log(
    `  answer found in the cache on ${where}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (to reach: under ${TO_REACH_MS})`,
  )
}
