import { timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import { z } from 'zod'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { badRequest, problem } from '../problem.ts'
import type { SignInRefusal, SignInWays } from '../schemas.ts'
import { ATTEMPT_MS, attemptOf, endAttempt, isSecure, startAttempt, startSession } from '../session-cookie.ts'
import { grantOf } from '../sign-in/grants.ts'

/** A page of ours. */
const pageSchema = z
  .string()
  .regex(/^\/(?![/\\])/, 'must be an address of this host, such as /traces')
  .max(2_000)
/** Query of `GET /v1/sign-in/start`. */
export const signInStartQuerySchema = z.strictObject({ to: pageSchema.optional() })

const attemptSchema = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  to: pageSchema,
  expiresAtMs: z.number(),
})
const CALLBACK = '/v1/sign-in/callback'

/** Signing in at a provider, for browsers: there and back again. What goes wrong is told on the page to sign in. */
export function signInRoutes(
  app: ApiApp,
  { signIn = null, publicUrl = null, nowMs }: ApiContext,
  onProblem: (message: string) => void,
): void {
  const refuse = (context: Context, refused: SignInRefusal, why: string): Response => {
    onProblem(`somebody could not sign in (${refused}): ${why}`)
    endAttempt(context)
    return context.redirect(`/sign-in?refused=${refused}`, 303)
  }
  const notSetUp = (context: Context) =>
    problem(context, 409, 'signing in by OpenID Connect is not set up: signIn.openId in the configuration')

  app.get('/v1/sign-in', (context) => {
    const body: SignInWays = { openId: signIn === null ? null : { label: signIn.settings.label } }
    return context.json(body)
  })

  app.get('/v1/sign-in/start', async (context) => {
    if (signIn === null) return notSetUp(context)
    const parsed = signInStartQuerySchema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(signInStartQuerySchema.shape))
    const begun = await signIn.openId.begin(callbackUrl(context, publicUrl).href)
    if (!begun.ok) return refuse(context, begun.code, begun.message)
    const { to = '/' } = parsed.data
    startAttempt(context, signIn.attempts.seal({ ...begun.attempt, to, expiresAtMs: nowMs() + ATTEMPT_MS }))
    return context.redirect(begun.url.href, 303)
  })

  app.get(CALLBACK, async (context) => {
    if (signIn === null) return notSetUp(context)
    const parsed = attemptSchema.safeParse(signIn.attempts.open(attemptOf(context) ?? ''))
    if (!parsed.success) return refuse(context, 'expired', 'it came back without the cookie that it went with')
    const { to, expiresAtMs, ...attempt } = parsed.data
    if (expiresAtMs <= nowMs()) return refuse(context, 'expired', 'it took too long')
    const url = callbackUrl(context, publicUrl)
    url.search = new URL(context.req.url).search
    if (!isSame(url.searchParams.get('state') ?? '', attempt.state))
      return refuse(context, 'invalid', 'the state is not the one that was sent')
    const finished = await signIn.openId.finish(url, attempt)
    if (!finished.ok) return refuse(context, finished.code, finished.message)
    const granted = grantOf(finished.claims, signIn.settings)
    if (!granted.ok) return refuse(context, granted.code, `claims of ${String(finished.claims.sub)}`)
    const { tenant, role, person } = granted
    startSession(context, await signIn.sessions.start({ tenant, role, person }), signIn.sessions.lifetimeMs)
    endAttempt(context)
    return context.redirect(to, 303)
  })
}

/** As it is registered at the provider. */
function callbackUrl(context: Context, publicUrl: string | null): URL {
  const own = `${isSecure(context) ? 'https' : 'http'}://${context.req.header('host') ?? ''}`
  return new URL((publicUrl ?? own).replace(/\/$/, '') + CALLBACK)
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}
