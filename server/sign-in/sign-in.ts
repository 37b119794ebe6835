/** Signing in by OpenID Connect, from the settings. */
import type { Log } from '../../storage/log/port.ts'
import type { OpenId, OpenIdSettings } from './openid.ts'
import { createSeal, type Seal } from './seal.ts'
import { openSessions, type Sessions } from './sessions.ts'

export interface SignInSettings {
  readonly sessionMs: number
  /** Null: by keys alone. */
  readonly openId: OpenIdSettings | null
}

export interface SignIn {
  readonly settings: OpenIdSettings
  readonly openId: OpenId
  readonly sessions: Sessions
  /** Of what is kept between going to the provider and coming back. */
  readonly attempts: Seal
  close(): Promise<void>
}

/** Null without a provider. Rejects with `LogError`. */
export async function openSignIn(
  { openId: settings, sessionMs }: SignInSettings,
  { log, nowMs, onProblem }: { log: Log; nowMs: () => number; onProblem: (text: string) => void },
): Promise<SignIn | null> {
  if (settings === null) return null
  // Most have no provider, and start sooner without its client.
  const { createOpenId } = await import('./openid.ts')
  const { clientSecret, label: _, ...granting } = settings
  // Who is granted less by new settings is signed out by them.
  const seal = createSeal(clientSecret, `session ${JSON.stringify(granting)}`)
  const sessions = await openSessions({ log, seal, lifetimeMs: sessionMs, nowMs, onProblem })
  return {
    settings,
    openId: createOpenId(settings),
    sessions,
    attempts: createSeal(clientSecret, 'attempt'),
    close: () => sessions.close(),
  }
}
