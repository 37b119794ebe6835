/** What judges answered in the last day, by the content of the question: the same question is not paid for twice. */
import { hash } from 'node:crypto'
import { z } from 'zod'
import type { JudgePrompt } from '../../engine/judge/question.ts'
import { StateError, type StateStore } from '../../storage/state/port.ts'
import type { Provider } from './providers.ts'

/** Everything that the answer depends on. */
export interface Asked {
  provider: Provider
  model: string
  question: JudgePrompt
}

const cachedSchema = z.object({
  /** As it came, and could be read. */
  text: z.string(),
  /** As the provider returned it. */
  model: z.string().optional(),
})

export type CachedAnswer = z.infer<typeof cachedSchema>

export interface AnswerCache {
  /** Undefined where there is none, or the state cannot be reached. */
  get(asked: Asked): Promise<CachedAnswer | undefined>
  /** As `get`, for who only looks ahead: it is none of the statistics. */
  peek(asked: Asked): Promise<CachedAnswer | undefined>
  put(asked: Asked, answer: CachedAnswer): Promise<void>
  stats(): { hits: number; misses: number }
}

/** For who asks anew. */
export const NO_ANSWERS: AnswerCache = {
  get: async () => undefined,
  peek: async () => undefined,
  put: async () => {},
  stats: () => ({ hits: 0, misses: 0 }),
}

const TTL_MS = 24 * 3_600_000
/** Longer answers are rare, and not worth their room. */
const MAX_CHARS = 16_384
/** After a failure the state is left alone for so long: each attempt may cost its time limit. */
const PAUSE_MS = 5_000

/** Where a tenant's answers are: to be cleared when something of it is erased, for which of them quote that cannot be told. */
export const answersOf = (tenant: string): string => `judges/answers/${tenant}/`

/** Of one tenant: an answer quotes what the judge was shown. */
export function createAnswerCache(state: StateStore, tenant: string, nowMs: () => number): AnswerCache {
  let pausedUntilMs = Number.NEGATIVE_INFINITY
  let hits = 0
  let misses = 0

  /** A question that is not found is put under the same key a moment later. */
  const keys = new WeakMap<JudgePrompt, { of: Pick<Asked, 'provider' | 'model'>; key: string }>()
  function keyOf({ provider, model, question }: Asked): string {
    const known = keys.get(question)
    if (known?.of.provider === provider && known.of.model === model) return known.key
    const key = `${answersOf(tenant)}${contentHash({ provider, model, question })}`
    keys.set(question, { of: { provider, model }, key })
    return key
  }

  /** The judge can do without the cache. */
  async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (nowMs() < pausedUntilMs) return undefined
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof StateError)) throw error
      pausedUntilMs = nowMs() + PAUSE_MS
      return undefined
    }
  }

  async function peek(asked: Asked): Promise<CachedAnswer | undefined> {
    const text = await attempt(() => state.get(keyOf(asked)))
    return text === undefined ? undefined : parseCached(text)
  }

  return {
    peek,
    async get(asked) {
      const cached = await peek(asked)
      if (cached === undefined) misses++
      else hits++
      return cached
    },
    async put(asked, answer) {
      const text = JSON.stringify(answer)
      if (text.length <= MAX_CHARS) await attempt(() => state.set(keyOf(asked), text, TTL_MS))
    },
    stats: () => ({ hits, misses }),
  }
}

/** Without the nonce, which is new each time; with the wording of the prompt, so that a new template asks anew. */
function contentHash({ provider, model, question }: Asked): string {
  const { promptVersion, schema, nonce } = question
  const messages = question.messages.map(({ role, content }) => [role, content.replaceAll(nonce, '')])
  return hash('sha256', JSON.stringify([provider.name, provider.baseUrl, model, promptVersion, schema, messages]))
}

function parseCached(text: string): CachedAnswer | undefined {
  try {
    const parsed = cachedSchema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
