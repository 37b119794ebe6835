import type { ApiApp, ApiContext } from '../api-context.ts'
import { problem } from '../problem.ts'
import type { JudgingResponse } from '../schemas.ts'

/** `GET /v1/judges`: which judge providers take calls, and how judging goes on without the others. */
export function judgeRoutes(app: ApiApp, { judging }: Pick<ApiContext, 'judging'>): void {
  app.get('/v1/judges', async (context) => {
    if (judging === undefined) return problem(context, 503, 'no offline evals run here')
    const { level, shared, providers } = await judging()
    const body: JudgingResponse = {
      level,
      shared,
      providers: providers.map(({ name, breaker, sinceMs, lastFailure }) => ({
        name,
        breaker,
        ...(sinceMs !== undefined && { outSince: new Date(sinceMs).toISOString() }),
        ...(lastFailure !== undefined && {
          lastFailure: { at: new Date(lastFailure.atMs).toISOString(), detail: lastFailure.detail },
        }),
      })),
    }
    return context.json(body)
  })
}
