/** Every route: what it gives, and what it takes to be let in. A route that is not here is refused; the index shows them. */
import type { Permission } from '../storage/access/principal.ts'

export interface RouteEntry {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** As the router has it. */
  readonly path: string
  /** `public`: nothing of any tenant is in the answer. */
  readonly permission: Permission | 'public'
  readonly gives: string
}

const route = (
  method: RouteEntry['method'],
  path: string,
  permission: RouteEntry['permission'],
  gives: string,
): RouteEntry => ({ method, path, permission, gives })

export const ROUTES: readonly RouteEntry[] = [
  route('GET', '/', 'public', 'this list'),
  route('GET', '/v1/results', 'read', 'verdicts, newest first; filters: eval, verdict, trace, since, run, limit'),
  route('GET', '/v1/traces', 'read', 'traces, newest first, by what is in them and how they were judged; in pages'),
  route('GET', '/v1/sessions', 'read', 'sessions, the last seen first: since, until, user, agent'),
  route('GET', '/v1/traces/:traceId/why', 'read', 'why a verdict came out so, part by part: eval, span'),
  route('GET', '/v1/evals/:package/:name', 'read', 'one definition with its source'),
  route('GET', '/v1/evals/:package/:name/series', 'read', 'its verdicts over time: since, until, step, by'),
  route('GET', '/v1/traces/:traceId', 'read', 'the spans of a trace with their verdicts'),
  route('GET', '/v1/evals', 'read', 'the definitions in force, with what they found'),
  route('POST', '/v1/evals/:package/:name/run', 'edit', 'a run of an offline eval: at (now, slot), since, until'),
  route('POST', '/v1/evals/:package/:name/pause', 'edit', 'the offline eval paused: no slots, its runs wait'),
  route('POST', '/v1/evals/:package/:name/resume', 'edit', 'the offline eval goes on'),
  route(
    'GET',
    '/v1/evals/:package/:name/agreement',
    'read',
    'how far its judge agrees with labels, and figures corrected by them',
  ),
  route('GET', '/v1/labels', 'read', 'what people say of what an eval judges: eval, limit'),
  route('POST', '/v1/labels', 'edit', 'labels: scores or verdicts of people'),
  route('GET', '/v1/offline', 'read', 'the offline evals: when they run, and how their last run went'),
  route('GET', '/v1/offline/runs', 'read', 'runs of offline evals, newest first: eval, limit'),
  route('GET', '/v1/offline/runs/:package/:run', 'read', 'one of them, with how far it is'),
  route('POST', '/v1/offline/runs/:package/:run/cancel', 'edit', 'what of the run has not begun is left'),
  route('GET', '/v1/alerts', 'read', 'what each alert is now, with its silence and acknowledgement'),
  route('GET', '/v1/alerts/history', 'read', 'what alerts were, newest first: alert, limit'),
  route('POST', '/v1/alerts/ack', 'edit', 'an alert that fires taken on: alert, by, reason'),
  route('GET', '/v1/scorecards/:package/:name', 'read', 'a scorecard as it would be sent now'),
  route('GET', '/v1/silences', 'read', 'silences and maintenance windows, newest first'),
  route('POST', '/v1/silences', 'edit', 'a new one: matchers, minutes, from, every, by, reason'),
  route('POST', '/v1/silences/:id/expire', 'edit', 'a silence, over now'),
  route('GET', '/v1/agents/live', 'read', 'what each agent does now; filters: agent, env, limit'),
  route('GET', '/v1/usage', 'read', 'spans, bytes and what judges cost, by day and agent: from, to; all tenants: all'),
  route('GET', '/v1/judges', 'read', 'which judge providers take calls'),
  route('GET', '/v1/plan', 'read', 'the definitions in force, compiled'),
  route('GET', '/v1/export/pages', 'read', 'pages of the stored traces of a period: from, to, spans'),
  route('GET', '/v1/export/traces', 'read', 'the traces of a page: from, to, fromTrace, toTrace, fields'),
  route('GET', '/v1/export/results', 'read', 'the verdicts of a page: fromTrace, toTrace, evals'),
  route('GET', '/v1/definitions', 'read', 'the packages that were pushed'),
  route('POST', '/v1/definitions', 'push', 'puts packages in force for every role'),
  route('POST', '/v1/definitions/:package/rollback', 'push', 'the release before, in force again'),
  route('GET', '/v1/dead-letters', 'administer', 'records that could not be used: state, limit'),
  route('GET', '/v1/dead-letters/:id', 'administer', 'one of them, with the record itself'),
  route('POST', '/v1/dead-letters/replay', 'administer', 'all that wait, on their topics again'),
  route('POST', '/v1/dead-letters/drop', 'administer', 'all that wait, settled'),
  route('POST', '/v1/dead-letters/skip', 'operate', 'records that the log itself cannot read, let go: source'),
  route('POST', '/v1/dead-letters/:id/replay', 'administer', 'the record on its topic again'),
  route('POST', '/v1/dead-letters/:id/drop', 'administer', 'the letter settled'),
  route('GET', '/v1/replays', 'read', 'replays, newest first'),
  route('POST', '/v1/replays', 'edit', 'a replay of a period, queued; with dryRun what it would read'),
  route('GET', '/v1/replays/:run', 'read', 'one of them'),
  route('GET', '/v1/replays/:run/comparison', 'read', 'its verdicts next to the live ones'),
  route('POST', '/v1/replays/:run/stop', 'edit', 'the replay stopped after its step'),
  route('POST', '/v1/replays/:run/resume', 'edit', 'the replay under way again, from where it stopped'),
  route('GET', '/v1/keys', 'administer', 'the keys of the tenant, without the keys themselves'),
  route('POST', '/v1/keys', 'administer', 'a new key, shown this once'),
  route('POST', '/v1/keys/:keyId/revoke', 'administer', 'the key is refused everywhere within seconds'),
  route('GET', '/v1/audit', 'administer', 'who did what that only those in charge may do: limit'),
  route('POST', '/v1/erasures', 'administer', 'a trace, user or session erased; with dryRun what that would take'),
  route('GET', '/v1/integrity', 'operate', 'what checks of the store against the log found, newest first: limit'),
  route('POST', '/v1/integrity/checks', 'operate', 'a check of the days from, to; deep reads every record'),
  route('POST', '/v1/backups', 'operate', 'a backup into a folder of this machine: to, tracesTo; one at a time'),
  route('GET', '/v1/backups/:id', 'operate', 'how far it is'),
  route('POST', '/v1/backups/:id/stop', 'operate', 'the backup stopped; the same one goes on from there'),
  route('POST', '/v1/session', 'public', 'signs a browser in: key'),
  route('GET', '/v1/session', 'read', 'who asks, and what they may do'),
  route('DELETE', '/v1/session', 'public', 'signs a browser out'),
  route('GET', '/health', 'public', 'the state of each part, with counters'),
  route('GET', '/metrics', 'operate', 'what this process counts and measures, for Prometheus'),
  route('GET', '/openapi.json', 'public', 'what this API takes and gives, as OpenAPI 3.1'),
  route('GET', '/ready', 'public', '200 when traces can be sent, else 503'),
]
