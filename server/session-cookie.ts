/**
 * A browser's session in a cookie that no script can read and no other site can send: a key, or what a provider vouched for, sealed.
 * Nothing is kept here, so that any instance serves it, and a key that is revoked ends the session at once.
 */
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'

const SESSION = 'assay_session'
const ATTEMPT = 'assay_sign_in'
/** Forms of other sites cannot send a header, whatever cookies come along. */
export const CSRF_HEADER = 'x-assay-csrf'
/** To sign in at the provider, with a second factor and a password that was forgotten. */
export const ATTEMPT_MS = 15 * 60_000

/** The prefix keeps other hosts of the domain from setting one of the same name; it asks for TLS. */
const options = (context: Context) =>
  isSecure(context)
    ? ({ path: '/', secure: true, prefix: 'host', httpOnly: true } as const)
    : ({ path: '/', httpOnly: true } as const)

const read = (context: Context, name: string): string | undefined =>
  isSecure(context) ? getCookie(context, name, 'host') : getCookie(context, name)

export const sessionKeyOf = (context: Context): string | undefined => read(context, SESSION)

export function startSession(context: Context, value: string, lifetimeMs: number): void {
  setCookie(context, SESSION, value, {
    ...options(context),
    sameSite: 'Strict',
    maxAge: Math.floor(lifetimeMs / 1_000),
  })
}

export function endSession(context: Context): void {
  deleteCookie(context, SESSION, options(context))
}

export const attemptOf = (context: Context): string | undefined => read(context, ATTEMPT)

/** `Lax`: the provider, another site, sends the browser back. */
export function startAttempt(context: Context, value: string): void {
  setCookie(context, ATTEMPT, value, { ...options(context), sameSite: 'Lax', maxAge: ATTEMPT_MS / 1_000 })
}

export function endAttempt(context: Context): void {
  deleteCookie(context, ATTEMPT, options(context))
}

/** By TLS of its own, or of the proxy in front. */
export const isSecure = (context: Context): boolean =>
  new URL(context.req.url).protocol === 'https:' || context.req.header('x-forwarded-proto') === 'https'
