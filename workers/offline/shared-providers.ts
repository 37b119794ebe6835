/** What instances tell each other about judge providers: one text in the state, so that it is read once for all of them. */
import { z } from 'zod'
import { type Breaker, CLOSED } from './breaker.ts'

export interface ProviderState {
  /** When an instance last said that it calls it. */
  readonly seenMs: number
  readonly breaker: Breaker
  readonly lastFailure?: { readonly atMs: number; readonly detail: string } | undefined
}

export interface SharedProviders {
  readonly version: 1
  readonly providers: Readonly<Record<string, ProviderState>>
}

const sharedSchema = z.object({
  version: z.literal(1),
  providers: z.record(
    z.string(),
    z.object({
      seenMs: z.number(),
      breaker: z.discriminatedUnion('kind', [
        z.object({
          kind: z.literal('closed'),
          failures: z.array(z.object({ atMs: z.number(), answered: z.number() })),
        }),
        z.object({ kind: z.literal('open'), sinceMs: z.number(), nextProbeMs: z.number(), answered: z.number() }),
      ]),
      lastFailure: z.object({ atMs: z.number(), detail: z.string() }).optional(),
    }),
  ),
})

export function stateOf(shared: SharedProviders, provider: string): ProviderState {
  return shared.providers[provider] ?? { seenMs: 0, breaker: CLOSED }
}

/** The same value where nothing changed: it need not be written. */
export function withProvider(shared: SharedProviders, name: string, after: ProviderState): SharedProviders {
  const before = stateOf(shared, name)
  if (before.breaker === after.breaker && before.lastFailure === after.lastFailure) return shared
  return { version: 1, providers: { ...shared.providers, [name]: after } }
}

/** A text that is not ours, or of another version, is as none: health is learnt again within a minute. */
export function parseShared(text: string | undefined): SharedProviders {
  const none: SharedProviders = { version: 1, providers: {} }
  if (text === undefined) return none
  try {
    const parsed = sharedSchema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : none
  } catch {
    return none
  }
}
