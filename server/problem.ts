/** Errors as RFC 9457 problem details. */
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { z } from 'zod'
import type { Problem } from './schemas.ts'

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

export function problem(
  context: Context,
  status: ContentfulStatusCode,
  detail: string,
  errors?: Problem['errors'],
): Response {
  const body: Problem = {
    type: 'about:blank',
    title: titles[status] ?? 'Error',
    status,
    detail,
    ...(errors && { errors }),
  }
  return context.body(JSON.stringify(body), status, { 'content-type': 'application/problem+json' })
}

/** The body as JSON, not looked at yet; or the 400 to answer with. */
export async function readJsonBody(
  context: Context,
): Promise<{ ok: true; value: unknown } | { ok: false; refusal: Response }> {
  try {
    return { ok: true, value: await context.req.json() }
  } catch {
    return { ok: false, refusal: problem(context, 400, 'the body is not JSON') }
  }
}

/** A request that does not parse: 400, with a line for each wrong parameter. `known`: those that there are. */
export function badRequest(context: Context, error: z.ZodError, known: readonly string[]): Response {
  const errors = error.issues.map((issue) => ({
    parameter: issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue.path.join('.'),
    message:
      issue.code === 'unrecognized_keys' ? `there is no such parameter; there are ${known.join(', ')}` : issue.message,
  }))
  const detail = errors.map(({ parameter, message }) => `${parameter}: ${message}`).join('; ')
  return problem(context, 400, detail, errors)
}
