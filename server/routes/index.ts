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
    { method: 'GET', path: '/v1/plan', gives: 'the definitions in force, compiled' },
    { method: 'GET', path: '/v1/export/pages', gives: 'pages of the stored traces of a period: from, to, spans' },
    { method: 'GET', path: '/v1/export/traces', gives: 'the traces of a page: from, to, fromTrace, toTrace, fields' },
    { method: 'GET', path: '/v1/export/results', gives: 'the verdicts of a page: fromTrace, toTrace, evals' },
    { method: 'GET', path: '/v1/definitions', gives: 'the packages that were pushed' },
    { method: 'POST', path: '/v1/definitions', gives: 'puts packages in force for every role' },
    { method: 'POST', path: '/v1/definitions/{package}/rollback', gives: 'the release before, in force again' },
    { method: 'GET', path: '/v1/dead-letters', gives: 'records that could not be used: state, limit' },
    { method: 'GET', path: '/v1/dead-letters/{id}', gives: 'one of them, with the record itself' },
    { method: 'POST', path: '/v1/dead-letters/{id}/replay', gives: 'the record on its topic again' },
    { method: 'POST', path: '/v1/dead-letters/{id}/drop', gives: 'the letter settled' },
    { method: 'GET', path: '/health', gives: 'the state of each part, with counters' },
    { method: 'GET', path: '/ready', gives: '200 when traces can be sent, else 503' },
  ],
}

/** `GET /`: what there is, for someone who looks at this address without a path. */
export function indexRoutes(app: Hono): void {
  app.get('/', (context) => context.json(index))
}
