/**
 * A browser's session: its key in a cookie that no script can read and no other site can send. Nothing is kept here, so that any instance
 * serves it, and a key that is revoked ends the session at once.
 */
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'

const NAME = 'assay_session'
/** Forms of other sites cannot send a header, whatever cookies come along. */
export const CSRF_HEADER = 'x-assay-csrf'

export const sessionKeyOf = (context: Context): string | undefined => getCookie(context, NAME)

/** Until the browser is closed. */
export function startSession(context: Context, key: string): void {
  setCookie(context, NAME, key, { path: '/', httpOnly: true, sameSite: 'Strict', secure: isSecure(context) })
}

export function endSession(context: Context): void {
  deleteCookie(context, NAME, { path: '/', secure: isSecure(context) })
}

/** By TLS of its own, or of the proxy in front. */
const isSecure = (context: Context): boolean =>
  new URL(context.req.url).protocol === 'https:' || context.req.header('x-forwarded-proto') === 'https'
