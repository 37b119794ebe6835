import type { Hono } from 'hono'
import type { IndexResponse } from '../schemas.ts'

const index: IndexResponse = {
  name: 'Assay',
  routes: [
    {
      method: 'GET',
      path: '/v1/results',
      gives: 'verdicts, newest first; filters: eval, verdict, trace, since, limit',
    },
    { method: 'GET', path: '/v1/traces/{traceId}', gives: 'the spans of a trace with their verdicts' },
    { method: 'GET', path: '/v1/evals', gives: 'the definitions in force, with what they found' },
    { method: 'POST', path: '/v1/evals/{package}/{name}/run', gives: 'a run of an offline eval, now' },
    { method: 'GET', path: '/health', gives: 'the state of each part, with counters' },
    { method: 'GET', path: '/ready', gives: '200 when traces can be sent, else 503' },
  ],
}

/** `GET /`: what there is, for someone who looks at this address without a path. */
export function indexRoutes(app: Hono): void {
  app.get('/', (context) => context.json(index))
}
