/** A judge client as a process of its own, for what Node reads at its start alone: it asks one question, and says on stdout what became of it. */
import { buildPrompt } from '../../../engine/judge/prompt.ts'
import { openEmbeddedState } from '../../../storage/state/embedded.ts'
import { NO_ANSWERS } from '../answer-cache.ts'
import { createJudgeClient } from '../judge-client.ts'
import { createProviderHealth } from '../provider-health.ts'

const nowMs = (): number => Date.now()
const state = await openEmbeddedState({ dataDir: ':memory:', nowMs })
const client = createJudgeClient({
  providers: new Map([['openai', { name: 'openai', baseUrl: process.env.JUDGE_URL ?? '', apiKey: 'sk-test' }]]),
  health: createProviderHealth({ state, providers: ['openai'], nowMs }),
  cache: NO_ANSWERS,
  nowMs,
  sleep: async () => {},
  random: () => 0,
})
const shown = [{ path: 'output.text', text: 'It arrives tomorrow.' }]
const prompt = buildPrompt({
  rubric: '5 solved. 1 not solved.',
  scale: { low: 1, high: 5 },
  shown,
  nonce: '0123456789abcdef',
})
const outcome = await client.ask(['openai/gpt-5-mini'], prompt, new AbortController().signal)
await state.close()
process.stdout.write(JSON.stringify(outcome))
