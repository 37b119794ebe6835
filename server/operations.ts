/**
 * What each route takes and gives, by the schemas that parse and type it: the source of the OpenAPI description and of the client.
 * Keys are those of the table of routes.
 */
import { z } from 'zod'
import { integrityChecksResponseSchema, verifyReportSchema } from './integrity-schemas.ts'
import {
  agreementResponseSchema,
  cancelledResponseSchema,
  labelsBodySchema,
  labelsResponseSchema,
  labelsStoredSchema,
  offlineResponseSchema,
  offlineRunSchema,
  offlineRunsResponseSchema,
  pausedResponseSchema,
  runResponseSchema,
} from './offline-schemas.ts'
import {
  labelsQuerySchema,
  liveAgentsQuerySchema,
  offlineQuerySchema,
  offlineRunsQuerySchema,
  pageQuerySchema,
  pageResultsQuerySchema,
  pagesQuerySchema,
  resultsQuerySchema,
  runRequestSchema,
} from './parameters.ts'
import { acknowledgeSchema, createSilenceSchema, expireSilenceSchema, historyQuerySchema } from './routes/alerts.ts'
import { backupBodySchema } from './routes/backups.ts'
import { deadLettersQuerySchema, skipSchema } from './routes/dead-letters.ts'
import { pushSchema } from './routes/definitions.ts'
import { erasureBodySchema } from './routes/erasures.ts'
import { seriesQuerySchema } from './routes/eval-detail.ts'
import { promptQuerySchema } from './routes/eval-prompt.ts'
import { flipsQuerySchema, trendsQuerySchema } from './routes/eval-trends.ts'
import { integrityCheckSchema, integrityQuerySchema } from './routes/integrity.ts'
import { auditQuerySchema, createKeySchema } from './routes/keys.ts'
import { rebaselineSchema } from './routes/rebaseline.ts'
import { replayAskSchema } from './routes/replays.ts'
import { renderedScorecardQuerySchema, scorecardHistoryQuerySchema } from './routes/scorecards.ts'
import { signInSchema } from './routes/session.ts'
import { signInStartQuerySchema } from './routes/sign-in.ts'
import { subscribeQuerySchema } from './routes/subscribe.ts'
import { sessionQuerySchema, sessionsQuerySchema, traceSearchQuerySchema } from './routes/trace-search.ts'
import { traceTestQuerySchema } from './routes/trace-test.ts'
import { whyQuerySchema } from './routes/trace-why.ts'
import { usageQuerySchema } from './routes/usage.ts'
import {
  alertDetectabilityResponseSchema,
  alertHistoryResponseSchema,
  alertStatesResponseSchema,
  auditResponseSchema,
  backupSchema,
  createdKeyResponseSchema,
  deadLetterDetailSchema,
  deadLetterSchema,
  deadLettersResponseSchema,
  definitionsResponseSchema,
  erasureResponseSchema,
  evalDetailResponseSchema,
  evalFlipsResponseSchema,
  evalPromptResponseSchema,
  evalsResponseSchema,
  evalTrendsResponseSchema,
  healthSchema,
  indexResponseSchema,
  judgingResponseSchema,
  keySchema,
  keysResponseSchema,
  liveAgentsResponseSchema,
  newSilenceJsonSchema,
  pagesResponseSchema,
  pageTracesResponseSchema,
  planResponseSchema,
  postedScorecardSchema,
  pushResponseSchema,
  rebaselinedResponseSchema,
  replayComparisonSchema,
  replaySchema,
  replaysResponseSchema,
  resultsResponseSchema,
  scorecardHistoryResponseSchema,
  scorecardSchema,
  scorecardsResponseSchema,
  seriesResponseSchema,
  sessionInfoSchema,
  sessionResponseSchema,
  sessionsResponseSchema,
  settledDeadLettersSchema,
  signInWaysSchema,
  silenceJsonSchema,
  silencesResponseSchema,
  skippedRecordsSchema,
  traceResponseSchema,
  tracesResponseSchema,
  traceTestsResponseSchema,
  usageResponseSchema,
  whyResponseSchema,
} from './schemas.ts'
import { streamEventSchema } from './stream-schemas.ts'

export interface Operation {
  /** Of the client's method. */
  readonly id: string
  readonly query?: z.ZodObject
  /** An optional one may be left out. */
  readonly body?: z.ZodType
  /** That it takes besides those of every request. */
  readonly headers?: readonly string[]
  /** `itemSchema`: of each event of a stream. */
  readonly gives: z.ZodType | { readonly mediaType: string; readonly itemSchema?: z.ZodType }
  /** Of success; 200 unless told. */
  readonly status?: 200 | 201 | 202 | 303
  /** Of success with the same shape, where what was asked for was there already. */
  readonly knownStatus?: 200
}

/** What OpenAPI itself says a description is. */
const openShape = z.looseObject({})
/** Shapes do not depend on the clock that parses `10m`. */
const AT = 0

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET /': { id: 'index', gives: indexResponseSchema },
  'GET /v1/results': { id: 'listResults', query: resultsQuerySchema(AT), gives: resultsResponseSchema },
  'GET /v1/traces': { id: 'searchTraces', query: traceSearchQuerySchema(AT), gives: tracesResponseSchema },
  'GET /v1/sessions': { id: 'listSessions', query: sessionsQuerySchema(AT), gives: sessionsResponseSchema },
  'GET /v1/sessions/:session': {
    id: 'getTracesOfSession',
    query: sessionQuerySchema(AT),
    gives: sessionResponseSchema,
  },
  'GET /v1/traces/:traceId/why': { id: 'explainTrace', query: whyQuerySchema, gives: whyResponseSchema },
  'GET /v1/traces/:traceId/test': { id: 'traceTests', query: traceTestQuerySchema, gives: traceTestsResponseSchema },
  'GET /v1/evals/trends': { id: 'listTrends', query: trendsQuerySchema(AT), gives: evalTrendsResponseSchema },
  'GET /v1/evals/:package/:name/flips': {
    id: 'listFlips',
    query: flipsQuerySchema(AT),
    gives: evalFlipsResponseSchema,
  },
  'GET /v1/evals/:package/:name/prompt': { id: 'getPrompt', query: promptQuerySchema, gives: evalPromptResponseSchema },
  'GET /v1/evals/:package/:name': { id: 'getEval', gives: evalDetailResponseSchema },
  'GET /v1/evals/:package/:name/series': { id: 'getSeries', query: seriesQuerySchema(AT), gives: seriesResponseSchema },
  'GET /v1/traces/:traceId': { id: 'getTrace', gives: traceResponseSchema },
  'GET /v1/evals': { id: 'listEvals', gives: evalsResponseSchema },
  'POST /v1/evals/:package/:name/run': {
    id: 'runEval',
    body: runRequestSchema(AT).optional(),
    gives: runResponseSchema,
    status: 202,
    knownStatus: 200,
  },
  'POST /v1/evals/:package/:name/pause': { id: 'pauseEval', gives: pausedResponseSchema },
  'POST /v1/evals/:package/:name/resume': { id: 'resumeEval', gives: pausedResponseSchema },
  'GET /v1/evals/:package/:name/agreement': { id: 'getAgreement', gives: agreementResponseSchema },
  'GET /v1/labels': { id: 'listLabels', query: labelsQuerySchema, gives: labelsResponseSchema },
  'POST /v1/labels': { id: 'storeLabels', body: labelsBodySchema, gives: labelsStoredSchema, status: 201 },
  'GET /v1/offline': { id: 'getOffline', query: offlineQuerySchema, gives: offlineResponseSchema },
  'GET /v1/offline/runs': { id: 'listOfflineRuns', query: offlineRunsQuerySchema, gives: offlineRunsResponseSchema },
  'GET /v1/offline/runs/:package/:run': { id: 'getOfflineRun', gives: offlineRunSchema },
  'POST /v1/offline/runs/:package/:run/cancel': { id: 'cancelOfflineRun', gives: cancelledResponseSchema },
  'GET /v1/alerts': { id: 'listAlerts', gives: alertStatesResponseSchema },
  'GET /v1/alerts/history': { id: 'listAlertHistory', query: historyQuerySchema, gives: alertHistoryResponseSchema },
  'GET /v1/alerts/detectability': { id: 'listAlertDetectability', gives: alertDetectabilityResponseSchema },
  'POST /v1/alerts/ack': { id: 'acknowledgeAlert', body: acknowledgeSchema, gives: alertStatesResponseSchema },
  'POST /v1/alerts/rebaseline': { id: 'rebaselineAlert', body: rebaselineSchema, gives: rebaselinedResponseSchema },
  'GET /v1/scorecards': { id: 'listScorecards', gives: scorecardsResponseSchema },
  'GET /v1/scorecards/:package/:name': { id: 'getScorecard', gives: scorecardSchema },
  'GET /v1/scorecards/:package/:name/history': {
    id: 'listPostedScorecards',
    query: scorecardHistoryQuerySchema,
    gives: scorecardHistoryResponseSchema,
  },
  'GET /v1/scorecards/:package/:name/history/:slot': { id: 'getPostedScorecard', gives: postedScorecardSchema },
  'GET /v1/scorecards/:package/:name/rendered': {
    id: 'renderScorecard',
    query: renderedScorecardQuerySchema,
    gives: { mediaType: 'text/html' },
  },
  'GET /v1/silences': { id: 'listSilences', gives: silencesResponseSchema },
  'POST /v1/silences': { id: 'createSilence', body: createSilenceSchema, gives: newSilenceJsonSchema, status: 201 },
  'POST /v1/silences/:id/expire': { id: 'expireSilence', body: expireSilenceSchema, gives: silenceJsonSchema },
  'GET /v1/agents/live': { id: 'listLiveAgents', query: liveAgentsQuerySchema, gives: liveAgentsResponseSchema },
  'GET /v1/subscribe': {
    id: 'subscribe',
    query: subscribeQuerySchema(AT),
    headers: ['Last-Event-ID'],
    gives: { mediaType: 'text/event-stream', itemSchema: streamEventSchema },
  },
  'GET /v1/usage': { id: 'getUsage', query: usageQuerySchema(AT), gives: usageResponseSchema },
  'GET /v1/judges': { id: 'getJudging', gives: judgingResponseSchema },
  'GET /v1/plan': { id: 'getPlan', gives: planResponseSchema },
  'GET /v1/export/pages': { id: 'listExportPages', query: pagesQuerySchema(AT), gives: pagesResponseSchema },
  'GET /v1/export/traces': { id: 'exportTraces', query: pageQuerySchema(AT), gives: pageTracesResponseSchema },
  'GET /v1/export/results': { id: 'exportResults', query: pageResultsQuerySchema, gives: resultsResponseSchema },
  'GET /v1/definitions': { id: 'listDefinitions', gives: definitionsResponseSchema },
  'POST /v1/definitions': { id: 'pushDefinitions', body: pushSchema, gives: pushResponseSchema },
  'POST /v1/definitions/:package/rollback': { id: 'rollBackDefinitions', gives: pushResponseSchema },
  'GET /v1/dead-letters': { id: 'listDeadLetters', query: deadLettersQuerySchema, gives: deadLettersResponseSchema },
  'GET /v1/dead-letters/:id': { id: 'getDeadLetter', gives: deadLetterDetailSchema },
  'POST /v1/dead-letters/replay': { id: 'replayDeadLetters', gives: settledDeadLettersSchema },
  'POST /v1/dead-letters/drop': { id: 'dropDeadLetters', gives: settledDeadLettersSchema },
  'POST /v1/dead-letters/skip': { id: 'skipRecords', body: skipSchema, gives: skippedRecordsSchema },
  'POST /v1/dead-letters/:id/replay': { id: 'replayDeadLetter', gives: deadLetterSchema },
  'POST /v1/dead-letters/:id/drop': { id: 'dropDeadLetter', gives: deadLetterSchema },
  'GET /v1/replays': { id: 'listReplays', gives: replaysResponseSchema },
  'POST /v1/replays': { id: 'startReplay', body: replayAskSchema(AT), gives: replaySchema, status: 202 },
  'GET /v1/replays/:run': { id: 'getReplay', gives: replaySchema },
  'GET /v1/replays/:run/comparison': { id: 'compareReplay', gives: replayComparisonSchema },
  'POST /v1/replays/:run/stop': { id: 'stopReplay', gives: replaySchema },
  'POST /v1/replays/:run/resume': { id: 'resumeReplay', gives: replaySchema },
  'GET /v1/keys': { id: 'listKeys', gives: keysResponseSchema },
  'POST /v1/keys': { id: 'createKey', body: createKeySchema, gives: createdKeyResponseSchema, status: 201 },
  'POST /v1/keys/:keyId/revoke': { id: 'revokeKey', gives: keySchema },
  'GET /v1/audit': { id: 'listAudit', query: auditQuerySchema, gives: auditResponseSchema },
  'POST /v1/erasures': { id: 'erase', body: erasureBodySchema, gives: erasureResponseSchema },
  'GET /v1/integrity': { id: 'listIntegrityChecks', query: integrityQuerySchema, gives: integrityChecksResponseSchema },
  'POST /v1/integrity/checks': { id: 'checkIntegrity', body: integrityCheckSchema, gives: verifyReportSchema },
  'POST /v1/backups': { id: 'startBackup', body: backupBodySchema, gives: backupSchema, status: 202 },
  'GET /v1/backups/:id': { id: 'getBackup', gives: backupSchema },
  'POST /v1/backups/:id/stop': { id: 'stopBackup', gives: backupSchema },
  'POST /v1/session': { id: 'signIn', body: signInSchema, gives: sessionInfoSchema },
  'GET /v1/sign-in': { id: 'getSignIn', gives: signInWaysSchema },
  'GET /v1/sign-in/start': {
    id: 'startSignIn',
    query: signInStartQuerySchema,
    gives: { mediaType: 'text/html' },
    status: 303,
  },
  'GET /v1/sign-in/callback': { id: 'finishSignIn', gives: { mediaType: 'text/html' }, status: 303 },
  'GET /v1/session': { id: 'getSession', gives: sessionInfoSchema },
  'DELETE /v1/session': { id: 'signOut', gives: z.object({ ended: z.literal(true) }) },
  'GET /health': { id: 'getHealth', gives: healthSchema },
  'GET /metrics': { id: 'getMetrics', gives: { mediaType: 'text/plain' } },
  'GET /ready': { id: 'getReadiness', gives: healthSchema },
  'GET /openapi.json': { id: 'getDescription', gives: openShape },
}
