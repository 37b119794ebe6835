/** OpenID Connect by its authorization code flow, with PKCE, state and nonce. The provider is asked when somebody signs in, and not before. */
import * as client from 'openid-client'
import type { Claims, GrantSettings } from './grants.ts'

export interface OpenIdSettings extends GrantSettings {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** As the provider is called on the button. */
  readonly label: string
  readonly scopes: readonly string[]
}

/** What has to come back the way it went. */
export interface Attempt {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

/** `unavailable`: the provider cannot be reached. `denied`: it says no. `invalid`: what it says cannot be trusted. */
export type OpenIdFailure = {
  readonly ok: false
  readonly code: 'unavailable' | 'denied' | 'invalid'
  readonly message: string
}

export interface OpenId {
  /** Where the browser goes, to come back to `redirectUri`. */
  begin(redirectUri: string): Promise<{ ok: true; url: URL; attempt: Attempt } | OpenIdFailure>
  /** `currentUrl`: where it came back to, with what the provider put there. */
  finish(currentUrl: URL, attempt: Attempt): Promise<{ ok: true; claims: Claims } | OpenIdFailure>
}

const TIMEOUT_S = 10
/** Clocks of servers differ. */
const CLOCK_TOLERANCE_S = 30

export function createOpenId(settings: OpenIdSettings): OpenId {
  let known: Promise<client.Configuration> | null = null
  const configuration = (): Promise<client.Configuration> => {
    known ??= discover(settings).catch((error: unknown) => {
      // The next one who signs in asks anew.
      known = null
      throw error
    })
    return known
  }
  return {
    begin: (redirectUri) =>
      orFailure(async () => {
        const config = await configuration()
        const attempt = {
          state: client.randomState(),
          nonce: client.randomNonce(),
          verifier: client.randomPKCECodeVerifier(),
        }
        const url = client.buildAuthorizationUrl(config, {
          redirect_uri: redirectUri,
          scope: settings.scopes.join(' '),
          state: attempt.state,
          nonce: attempt.nonce,
          code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
          code_challenge_method: 'S256',
        })
        return { ok: true, url, attempt }
      }),
    finish: (currentUrl, { state, nonce, verifier }) =>
      orFailure(async () => {
        const config = await configuration()
        const tokens = await client.authorizationCodeGrant(config, currentUrl, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        })
        const idClaims = tokens.claims()
        if (idClaims === undefined) throw new Error('the provider sent no ID token')
        // Many providers put groups and addresses there alone.
        const more =
          config.serverMetadata().userinfo_endpoint === undefined
            ? {}
            : await client.fetchUserInfo(config, tokens.access_token, idClaims.sub)
        return { ok: true, claims: { ...more, ...idClaims } }
      }),
  }
}

function discover({ issuer, clientId, clientSecret }: OpenIdSettings): Promise<client.Configuration> {
  const server = new URL(issuer)
  return client.discovery(
    server,
    clientId,
    { client_secret: clientSecret, [client.clockTolerance]: CLOCK_TOLERANCE_S },
    undefined,
    {
      timeout: TIMEOUT_S,
      // The settings allow it on loopback alone.
      ...(server.protocol === 'http:' && { execute: [client.allowInsecureRequests] }),
    },
  )
}

async function orFailure<T>(run: () => Promise<T>): Promise<T | OpenIdFailure> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const message = error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
    return { ok: false, code: codeOf(error), message }
  }
}

function codeOf(error: Error): OpenIdFailure['code'] {
  if (error instanceof client.AuthorizationResponseError) return 'denied'
  const status = error instanceof client.ResponseBodyError ? error.status : 0
  const code = 'code' in error ? error.code : undefined
  const isOut = status >= 500 || code === 'OAUTH_TIMEOUT' || code === 'OAUTH_RESPONSE_IS_NOT_CONFORM'
  return isOut || /fetch failed/.test(error.message) ? 'unavailable' : 'invalid'
}
