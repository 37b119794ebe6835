/** What the API answers, as zod schemas: the one source of its types, and later of its description. */
import { z } from 'zod'
import { alertExampleSchema } from '../engine/alerting/example-json.ts'
import { alertInvestigationSchema } from '../engine/alerting/investigation/investigation.ts'
import { matchersSchema } from '../engine/alerting/silence.ts'
import { alertTransitionSchema } from '../engine/alerting/transition-json.ts'
import { alertWhySchema } from '../engine/alerting/why.ts'
import { scorecardSchema } from '../engine/scorecard/scorecard-json.ts'
import { KEY_ROLES } from '../storage/access/principal.ts'
import { seriesAgreementSchema } from './offline-schemas.ts'

export const verdictSchema = z.enum(['pass', 'fail', 'unknown', 'error'])

export const ledgerSchema = z.object({ pass: z.int(), fail: z.int(), unknown: z.int(), error: z.int() })

export const evidenceSchema = z.object({
  field: z.string(),
  /** UTF-16 code units into the field's text. */
  start: z.int(),
  end: z.int(),
  pattern: z.string(),
  /** Never the matched text itself. */
  masked: z.string(),
  spanId: z.string().optional(),
})

/** One step behind a judge's score. */
export const judgementSchema = z.object({
  kind: z.enum(['claim', 'document', 'statement', 'citation', 'quote', 'judge', 'call', 'handoff', 'task', 'trace']),
  /** The claim's or statement's words; a document's id, else its number; the quote; a judge's model. */
  about: z.string(),
  verdict: z.string(),
  value: z.number().optional(),
  /** What decides it, where it stands in what the judge was shown. */
  quote: z.string().optional(),
  detail: z.string().optional(),
})

/** Behind `or else`, the budget's cheaper judge, or the proxy metric. `by`: judges as the eval names them, or the metric. */
export const standInSchema = z.object({ level: z.enum(['or_else', 'cheaper', 'proxy']), by: z.string() })

export const resultSchema = z.object({
  eval: z.string(),
  traceId: z.string(),
  /** Absent where the subject is the whole trace. */
  spanId: z.string().optional(),
  subject: z.string(),
  subjectTime: z.string(),
  verdict: verdictSchema,
  score: z.number().optional(),
  /** `ms`, a currency (`USD`), `ratio` (0..1) or `tokens`; absent for plain numbers and where the measure is no longer in force. */
  scoreUnit: z.string().optional(),
  reason: z.object({ code: z.string(), field: z.string().optional(), detail: z.string().optional() }).optional(),
  evidence: z.array(evidenceSchema),
  /** The steps behind a judge's score; absent where there are none. */
  judgements: z.array(judgementSchema).optional(),
  /** A judge's. */
  explanation: z.string().optional(),
  revision: z.int(),
  evaluatedAt: z.string(),
  mode: z.enum(['live', 'shadow']),
  measureHash: z.string(),
  verdictHash: z.string(),
  agent: z.object({ name: z.string().optional(), version: z.string().optional() }).optional(),
  env: z.string().optional(),
  judge: z.object({ model: z.string(), inputTokens: z.int().optional(), outputTokens: z.int().optional() }).optional(),
  /** Who answered in place of the eval's judge: such scores are a measure of their own. Absent of the judge's. */
  standIn: standInSchema.optional(),
  costUsd: z.number().optional(),
  /** `eval@slot` of an offline run. */
  runId: z.string().optional(),
  inclusionProbability: z.number().optional(),
  /** Drawn because it was flagged, and not evenly: no alert counts it. */
  drawnFor: z.literal('flagged').optional(),
})

/** `next` is the `after` of the next page. */
export const resultsResponseSchema = z.object({ results: z.array(resultSchema), next: z.string().optional() })

/** A day of a tenant and an agent. */
export const usageSchema = z.object({
  /** UTC. */
  day: z.string(),
  tenant: z.string(),
  /** Absent where spans name none. */
  agent: z.string().optional(),
  spans: z.int(),
  /** Of texts, attributes, events and links as they are stored, before compression. */
  bytes: z.int(),
  judgeInputTokens: z.int(),
  judgeOutputTokens: z.int(),
  /** Null where judges answered and no price of theirs is known. */
  judgeCostUsd: z.number().nullable(),
})

/** `from` and `to` are days, and both are in it. */
export const usageResponseSchema = z.object({ from: z.string(), to: z.string(), usage: z.array(usageSchema) })

/** The span's own fields are those of `engine/model/span-json.ts`. */
export const traceSpanSchema = z.looseObject({
  traceId: z.string(),
  spanId: z.string(),
  kind: z.string(),
  name: z.string(),
  startTime: z.string(),
  durationMs: z.number(),
  results: z.array(resultSchema),
})

export const traceResponseSchema = z.object({
  traceId: z.string(),
  spans: z.array(traceSpanSchema),
  /** Verdicts on the trace as a whole. */
  results: z.array(resultSchema),
  /** There are more spans: these are the root and the earliest. */
  truncated: z.literal(true).optional(),
})

export const traceSummarySchema = z.object({
  traceId: z.string(),
  startTime: z.string(),
  durationMs: z.number(),
  /** Of the root. */
  name: z.string(),
  spans: z.int(),
  failedSpans: z.int(),
  llmCalls: z.int(),
  toolCalls: z.int(),
  agent: z.object({ name: z.string().optional(), version: z.string().optional() }).optional(),
  env: z.string().optional(),
  session: z.string().optional(),
  user: z.string().optional(),
  models: z.array(z.string()),
  inputTokens: z.int(),
  outputTokens: z.int(),
  /** Of the calls that say what they cost; null where none does. */
  costUsd: z.number().nullable(),
  /** The beginnings of what the root was asked and what it answered. */
  input: z.string().optional(),
  output: z.string().optional(),
  verdicts: ledgerSchema,
  failedEvals: z.array(z.string()),
})

/** The newest first; `next` is the `after` of the next page. */
export const tracesResponseSchema = z.object({ traces: z.array(traceSummarySchema), next: z.string().optional() })

export const sessionSchema = z.object({
  session: z.string(),
  firstSeen: z.string(),
  lastSeen: z.string(),
  traces: z.int(),
  failedSpans: z.int(),
  user: z.string().optional(),
  agent: z.string().optional(),
  /** As cost, of the spans that name the session. */
  inputTokens: z.int(),
  outputTokens: z.int(),
  /** Of the calls that say what they cost; null where none does. */
  costUsd: z.number().nullable(),
})

/**
 * With its traces, the newest first; `next` is the `after` of the next page of these. `results`: what was said of the session as a whole,
 * under the traces that are shown: each stands under the first of the traces that were judged together.
 */
export const sessionResponseSchema = tracesResponseSchema.extend({
  session: sessionSchema,
  results: z.array(resultSchema),
})

export const sessionsResponseSchema = z.object({ sessions: z.array(sessionSchema), next: z.string().optional() })

/** Its form is that of `engine/evaluate/explain/tree.ts`. */
export const whyResponseSchema = z.object({
  eval: z.string(),
  subjects: z.array(z.looseObject({ verdict: z.string() })),
})

export const pagesResponseSchema = z.object({
  /** The window, RFC 3339: for the pages' traces. */
  from: z.string(),
  to: z.string(),
  /** Ranges of trace ids; the last has no `toTrace`. */
  pages: z.array(z.object({ fromTrace: z.string(), toTrace: z.string().optional() })),
})

export const pageTracesResponseSchema = z.object({
  /** Settled traces that began in the window, each whole: `spans` as a trace's, with the fields that were asked for. */
  traces: z.array(z.object({ traceId: z.string(), spans: z.array(z.looseObject({ spanId: z.string() })) })),
  /** Traces of the window that are left out because they have not settled yet. */
  openTraces: z.int(),
})

/** The definitions in force, compiled (`dsl/plan.ts`): whoever reads them checks `version` and `hash`. */
export const planResponseSchema = z.looseObject({ version: z.int(), hash: z.string() })

const definitionSchema = z.object({
  id: z.string(),
  title: z.string().nullable(),
  owner: z.string().nullable(),
  mode: z.enum(['live', 'shadow']),
  file: z.string(),
  line: z.int(),
})

export const evalSchema = definitionSchema.extend({
  kind: z.enum(['online', 'offline']),
  /** What it judges: `trace`, `llm_call`, … */
  subject: z.string(),
  /** When it judges: as a span arrives, when a trace has settled, or on its schedule. */
  when: z.union([z.enum(['arrival', 'settle']), z.object({ cron: z.string(), timeZone: z.string() })]),
  measureHash: z.string(),
  verdictHash: z.string(),
  /** Of its scores; null for plain numbers, a judge's scale, and without a score. */
  scoreUnit: z.string().nullable(),
  /** Subjects with a verdict by this measure, latest revisions. */
  matched: z.int(),
  verdicts: ledgerSchema,
  /** pass / (pass + fail); null where nothing was decided. */
  passRate: z.number().nullable(),
  /** (pass + fail) / all; null where nothing matched. */
  coverage: z.number().nullable(),
  /** Of an online eval: subjects of its kind that its scope left out, since these definitions were taken up. */
  filtered: z.int().optional(),
  /** Of `filtered`: those whose scope read a field that was missing. */
  filteredUnknown: z.int().optional(),
  /** Says what is odd: that it never matched anything. */
  note: z.string().optional(),
})

export const evalDetailResponseSchema = definitionSchema.extend({
  kind: z.enum(['online', 'offline']),
  measureHash: z.string(),
  verdictHash: z.string(),
  /** Ids that it had before. */
  was: z.array(z.string()),
  /** In the words of the language, constants and scopes by what they stand for, as the next two. */
  on: z.string(),
  score: z.string().optional(),
  pass: z.string(),
  missing: z.enum(['unknown', 'fail', 'pass']).optional(),
  redact: z.object({ fields: z.array(z.string()), patterns: z.array(z.string()) }).optional(),
  judge: z
    .object({
      models: z.array(z.string()),
      /** Behind `or else`, in the order in which they are asked. */
      fallbacks: z.array(z.string()),
      /** Of a panel: what is taken of its scores. Null for one judge. */
      take: z.enum(['mean', 'median', 'majority']).nullable(),
      rubric: z.string(),
      show: z.array(z.string()),
      scale: z.object({ low: z.number(), high: z.number() }),
    })
    .optional(),
  /** Of an offline eval without a rubric: its metric in the words of the language, and who judges for it; null where nobody is asked. */
  metric: z
    .object({
      text: z.string(),
      judge: z
        .object({
          models: z.array(z.string()),
          fallbacks: z.array(z.string()),
          take: z.enum(['mean', 'median', 'majority']).nullable(),
        })
        .nullable(),
    })
    .optional(),
  /** The declaration as it is written; absent of definitions that were pushed compiled. */
  source: z.string().optional(),
})

export const seriesPointSchema = z.object({
  start: z.string(),
  /** Where it changes the measure did: what is before and after it are not one series. */
  measureHash: z.string(),
  /** Who answered in place of the eval's judge: a line of its own, and no break. */
  standIn: standInSchema.optional(),
  label: z.string().optional(),
  verdicts: ledgerSchema,
  /** pass / (pass + fail) with its 95% interval (Wilson); absent where nothing was decided. */
  passRate: z.number().optional(),
  lower: z.number().optional(),
  upper: z.number().optional(),
  meanScore: z.number().optional(),
  /** Where subjects were drawn with unequal probability, which rate and mean undo: how many of equal weight would tell as much. */
  effectiveSubjects: z.number().optional(),
})

export const seriesResponseSchema = z.object({
  eval: z.string(),
  from: z.string(),
  to: z.string(),
  step: z.string(),
  by: z.string().optional(),
  /** By when subjects began; steps of which there is nothing are left out. */
  points: z.array(seriesPointSchema),
  /** Of what judges were asked and people labelled: each measure's, that in force first, over all that is kept of it. */
  agreement: z.array(seriesAgreementSchema).optional(),
})

/** By the measure in force. */
export const evalTrendsResponseSchema = z.object({
  from: z.string(),
  to: z.string(),
  stepMs: z.int(),
  evals: z.array(
    z.object({
      eval: z.string(),
      /** Of its judges, since `from`; null where they answered and no price of theirs is known. */
      spentUsd: z.number().nullable(),
      /** Steps of which there is nothing are left out. */
      points: z.array(z.object({ start: z.string(), verdicts: ledgerSchema, passRate: z.number().optional() })),
    }),
  ),
})

const saidSchema = z.object({
  at: z.string(),
  verdict: verdictSchema,
  measureHash: z.string(),
  runId: z.string().optional(),
})

/** Subjects on which the eval's last verdict is another than the one before, newest first. */
export const evalFlipsResponseSchema = z.object({
  eval: z.string(),
  flips: z.array(
    z.object({
      traceId: z.string(),
      spanId: z.string().optional(),
      /** Its definition changed, its judge was asked again, or what it looks at grew. */
      because: z.enum(['definition', 'judged_again', 'revision']),
      before: saidSchema,
      now: saidSchema,
    }),
  ),
})

/** What the judges of an eval are asked about a trace, or about a session of traces. */
export const evalPromptResponseSchema = z.object({
  eval: z.string(),
  /** Of a session that of its first trace. */
  traceId: z.string(),
  /** Of an eval of sessions, with the traces that are looked at. */
  session: z.string().optional(),
  traces: z.array(z.string()).optional(),
  /** Empty where neither the eval nor the configuration names one. The prompts are those of the first. */
  judges: z.array(z.string()),
  fallbacks: z.array(z.string()),
  /** What of the trace is in the eval's scope. */
  subjects: z.array(
    z.object({
      spanId: z.string().optional(),
      /** Why, where nothing is asked. */
      notAsked: z.string().optional(),
      questions: z.array(
        z.object({
          promptVersion: z.string(),
          messages: z.array(z.object({ role: z.enum(['system', 'user']), content: z.string() })),
          /** It follows on an answer, in whose place stands a placeholder. */
          hasPlaceholder: z.literal(true).optional(),
          /** Texts of which parts are left out. */
          cut: z.array(z.object({ path: z.string(), chars: z.int(), shownChars: z.int() })),
          /** JSON Schema of the answer. */
          schemaName: z.string(),
          schema: z.looseObject({}),
          /** Where it is answered by the probabilities of one token: of how many. */
          topLogprobs: z.int().optional(),
        }),
      ),
    }),
  ),
  /** So many more subjects are in scope: name one by `span`. */
  notShown: z.int().optional(),
})

/** One for each file of evals that say something of the trace. */
export const traceTestsResponseSchema = z.object({
  tests: z.array(z.object({ file: z.string(), text: z.string() })),
})

export type EvalTrendsResponse = z.infer<typeof evalTrendsResponseSchema>
export type EvalFlipsResponse = z.infer<typeof evalFlipsResponseSchema>
export type SaidJson = z.infer<typeof saidSchema>
export type EvalPromptResponse = z.infer<typeof evalPromptResponseSchema>
export type TraceTestsResponse = z.infer<typeof traceTestsResponseSchema>

export const alertSchema = definitionSchema.extend({
  /** An eval's id, or the subject of the scope that is watched. */
  on: z.string(),
  /** Says that this version does not run it. */
  note: z.string().optional(),
  /** As in the file: `count(fail) >= 1 over 10m`. */
  when: z.string(),
  /** Each combination of their values is an alert of its own: `agent.version`. */
  by: z.array(z.string()),
  severity: z.enum(['page', 'ticket', 'info']),
  notify: z.array(z.object({ receiver: z.string(), target: z.string() })),
})

export const evalsResponseSchema = z.object({
  /** Version of the definitions in force. */
  hash: z.string(),
  loadedAt: z.string(),
  files: z.array(z.string()),
  diagnostics: z.array(
    z.object({
      severity: z.enum(['error', 'warning']),
      code: z.string(),
      message: z.string(),
      file: z.string(),
      line: z.int(),
      /** From 1, in UTF-16 units. */
      column: z.int(),
    }),
  ),
  evals: z.array(evalSchema),
  alerts: z.array(alertSchema),
})

export const judgingResponseSchema = z.object({
  /** How judging goes on: `failover` while some providers are out, `cache_only` while all are. */
  level: z.enum(['normal', 'failover', 'cache_only', 'no_provider']),
  /** False while this instance cannot reach the state that all share, and goes by its own calls. */
  shared: z.boolean(),
  providers: z.array(
    z.object({
      name: z.string(),
      /** `closed`: takes calls; `open`: none; `half_open`: a probe at a time. */
      breaker: z.enum(['closed', 'open', 'half_open']),
      outSince: z.string().optional(),
      lastFailure: z.object({ at: z.string(), detail: z.string() }).optional(),
    }),
  ),
})

export const liveAgentSchema = z.object({
  agent: z.string(),
  env: z.string().optional(),
  lastSeen: z.string(),
  /** Begun and not ended; counted at the agent whose span came first. */
  inFlightTraces: z.int(),
  /** Of the window, as all that follows: traces that ended, or the agent's own spans where it works inside others' traces. */
  runs: z.int(),
  /** Of the runs; null without one. */
  errorRate: z.number().nullable(),
  p95DurationMs: z.number().nullable(),
  spans: z.int(),
  failedSpans: z.int(),
  runsPerMinute: z.number(),
  spansPerMinute: z.number(),
  tokensPerMinute: z.number(),
  /** Of the calls that say what they cost; null where none does. */
  costUsdPerMinute: z.number().nullable(),
  /** By eval. */
  verdicts: z.record(z.string(), ledgerSchema),
  /** The last seen first. */
  versions: z.array(z.string()),
  models: z.array(z.string()),
})

export const liveAgentsResponseSchema = z.object({
  agents: z.array(liveAgentSchema),
  /** With those beyond the limit. */
  total: z.int(),
  windowSeconds: z.int(),
  /** How far every evaluator has read; absent where none told of an agent. */
  evaluatedTo: z.string().optional(),
})

export type LiveAgentJson = z.infer<typeof liveAgentSchema>
export type LiveAgentsResponse = z.infer<typeof liveAgentsResponseSchema>

export const healthSchema = z.object({
  status: z.enum(['ok', 'starting', 'degraded', 'stopping']),
  components: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['ok', 'starting', 'degraded', 'failed', 'off']),
      detail: z.string().optional(),
      /** Of what receives traces: open, it turns requests away; half open, it lets single ones try. `reason`: why it is not closed. */
      breaker: z.object({ state: z.enum(['closed', 'open', 'half_open']), reason: z.string().nullable() }).optional(),
      /** Counted since the process started. */
      counters: z.record(z.string(), z.number()).optional(),
    }),
  ),
})

export const indexResponseSchema = z.object({
  name: z.literal('Assay'),
  routes: z.array(z.object({ method: z.enum(['GET', 'POST', 'DELETE']), path: z.string(), gives: z.string() })),
})

/** RFC 9457. */
export const backupSummarySchema = z.object({
  to: z.string(),
  log: z.enum(['embedded', 'kafka']),
  files: z.int(),
  sizeBytes: z.int(),
  /** Where ClickHouse itself put the traces. */
  tracesTo: z.string().optional(),
  tables: z.record(z.string(), z.object({ rows: z.int(), partitions: z.int().optional() })),
  /** False: the spans of some results were in the log alone when spans were copied. */
  areSpansComplete: z.boolean(),
})

export const backupSchema = z.object({
  id: z.string(),
  to: z.string(),
  state: z.enum(['running', 'done', 'failed', 'stopped']),
  startedAt: z.string(),
  /** From 0 to 1. */
  progress: z.number(),
  /** What it is at, or why it ended. */
  text: z.string(),
  summary: backupSummarySchema.optional(),
})

/** Who asks, for a browser. */
export const sessionInfoSchema = z.object({
  tenant: z.string(),
  role: z.enum([...KEY_ROLES, 'operator', 'anyone']),
  may: z.array(z.enum(['read', 'push', 'edit', 'administer', 'operate'])),
  /** By a key in the session; false where the request was let in without. */
  isSignedIn: z.boolean(),
  /** Who signed in at a provider. */
  person: z.string().optional(),
})

/** How people can sign in besides by a key. */
export const signInWaysSchema = z.object({ openId: z.object({ label: z.string() }).nullable() })
export type SignInWays = z.infer<typeof signInWaysSchema>

/** Why somebody whom a provider sent back was not let in. */
export type SignInRefusal = 'unavailable' | 'denied' | 'invalid' | 'expired' | 'no_grant' | 'domain' | 'tenant'

export type SessionInfo = z.infer<typeof sessionInfoSchema>

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  errors: z
    .array(
      z.object({
        parameter: z.string(),
        message: z.string(),
        /** Of a parameter that is a text of several lines, from 1. */
        line: z.int().optional(),
        column: z.int().optional(),
      }),
    )
    .optional(),
})

export type TraceSummaryJson = z.infer<typeof traceSummarySchema>
export type TracesResponse = z.infer<typeof tracesResponseSchema>
export type SessionJson = z.infer<typeof sessionSchema>
export type SessionResponse = z.infer<typeof sessionResponseSchema>
export type SessionsResponse = z.infer<typeof sessionsResponseSchema>
export type EvalDetailResponse = z.infer<typeof evalDetailResponseSchema>
export type SeriesPointJson = z.infer<typeof seriesPointSchema>
export type SeriesResponse = z.infer<typeof seriesResponseSchema>
export type ResultJson = z.infer<typeof resultSchema>
export type UsageResponse = z.infer<typeof usageResponseSchema>
export type ResultsResponse = z.infer<typeof resultsResponseSchema>
export type TraceResponse = z.infer<typeof traceResponseSchema>
export type PagesResponse = z.infer<typeof pagesResponseSchema>
export type PageTracesResponse = z.infer<typeof pageTracesResponseSchema>
export type EvalJson = z.infer<typeof evalSchema>
export type AlertJson = z.infer<typeof alertSchema>
export const deadLetterSchema = z.object({
  id: z.int(),
  state: z.enum(['waiting', 'replayed', 'dropped']),
  /** topic/partition/offset of the record. */
  source: z.string(),
  /** The consumer group that put it aside; absent in letters of versions that did not say. */
  group: z.string().optional(),
  code: z.string(),
  reason: z.string(),
  at: z.string(),
  sizeBytes: z.int(),
})

export const deadLettersResponseSchema = z.object({
  deadLetters: z.array(deadLetterSchema),
  /** Of the state asked for. */
  total: z.int(),
})

/** With the record itself. */
export const deadLetterDetailSchema = deadLetterSchema.extend({
  headers: z.record(z.string(), z.string()),
  valueBase64: z.string(),
})

/** Of all that waited. */
export const settledDeadLettersSchema = z.object({ ids: z.array(z.int()) })

/** Let go, so that reading goes on behind them: offsets [from, to), kept in the letter. */
export const skippedRecordsSchema = z.object({
  id: z.int(),
  topic: z.string(),
  partition: z.int(),
  from: z.int(),
  to: z.int(),
})

export type SkippedRecords = z.infer<typeof skippedRecordsSchema>
export type SettledDeadLetters = z.infer<typeof settledDeadLettersSchema>
export type DeadLetterJson = z.infer<typeof deadLetterSchema>
export type DeadLettersResponse = z.infer<typeof deadLettersResponseSchema>

/** The packages that were pushed; none where definitions are files. */
export const definitionsResponseSchema = z.object({
  packages: z.array(
    z.object({
      name: z.string(),
      revision: z.string().nullable(),
      pushedAt: z.string(),
      evals: z.array(z.string()),
      alerts: z.array(z.string()),
      /** Null where a rollback has nothing to go back to, or it was pushed without one. */
      previousRevision: z.string().nullable(),
    }),
  ),
})
export type DefinitionsResponse = z.infer<typeof definitionsResponseSchema>

/** Packages that were pushed, or rolled back. */
export const pushResponseSchema = z.object({
  packages: z.array(
    z.object({
      name: z.string(),
      revision: z.string().nullable(),
      /** False where the same was in force already. */
      changed: z.boolean(),
    }),
  ),
})

export const keySchema = z.object({
  id: z.string(),
  tenant: z.string(),
  role: z.enum(KEY_ROLES),
  name: z.string(),
  createdAt: z.string(),
  createdBy: z.string(),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
})

export const keysResponseSchema = z.object({ keys: z.array(keySchema) })
/** The only time that the key itself is told. */
export const createdKeyResponseSchema = keySchema.extend({ key: z.string() })

export const auditResponseSchema = z.object({
  entries: z.array(
    z.object({
      at: z.string(),
      by: z.string(),
      act: z.string(),
      target: z.string(),
      detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    }),
  ),
})

export const erasureResponseSchema = z.object({
  dryRun: z.boolean(),
  traces: z.int(),
  spans: z.int(),
  results: z.int(),
  records: z.int(),
  deadLetters: z.int(),
  answers: z.int(),
  keptUntil: z.array(z.object({ topic: z.string(), until: z.string() })),
  isSettled: z.boolean(),
})

const replaySizeSchema = z.object({ records: z.int(), spans: z.int(), traces: z.int() })

/** What `POST /v1/replays` plans. */
const replayPlanShape = {
  /** RFC 3339. */
  from: z.string(),
  to: z.string(),
  source: z.enum(['log', 'store']),
  evals: z.array(z.string()),
  alerts: z.boolean(),
  spansPerSecond: z.number(),
  /** About so much is read; `records` is 0 from the store. */
  estimate: replaySizeSchema,
  notes: z.array(z.string()),
}

export const replayPlanSchema = z.object({ dryRun: z.literal(true), ...replayPlanShape })

export const replaySchema = z.object({
  run: z.string(),
  state: z.enum(['queued', 'running', 'stopped', 'done', 'failed']),
  askedAt: z.string(),
  ...replayPlanShape,
  definitions: z.string(),
  /** From 0 to 1. */
  progress: z.number(),
  counts: replaySizeSchema.extend({
    results: z.int(),
    undecodable: z.int(),
    failed: z.int(),
    /** Records that the log's retention took before they were read. */
    gone: z.int(),
    openTraces: z.int(),
    unjudgedPieces: z.int(),
    cutTraces: z.int(),
    maskedTaken: z.int(),
    maskedUnknown: z.int(),
  }),
  /** Of the last checkpoint; absent before the first. */
  updatedAt: z.string().optional(),
  /** Why it failed. */
  trouble: z.string().optional(),
})

export const replaysResponseSchema = z.object({ replays: z.array(replaySchema) })

export const replayComparisonSchema = z.object({
  run: z.string(),
  evals: z.array(
    z.object({
      eval: z.string(),
      /** The run's verdicts. */
      verdicts: ledgerSchema,
      /** Subjects on which the run and the live verdict differ: from the live one to the run's. */
      flips: z.array(z.object({ live: verdictSchema, run: verdictSchema, subjects: z.int() })),
      same: z.int(),
      /** Subjects with no live verdict of an eval of this name. */
      withoutLive: z.int(),
    }),
  ),
})

export type KeyJson = z.infer<typeof keySchema>
export type KeysResponse = z.infer<typeof keysResponseSchema>
export type CreatedKeyResponse = z.infer<typeof createdKeyResponseSchema>
export type ErasureResponse = z.infer<typeof erasureResponseSchema>
export type AuditResponse = z.infer<typeof auditResponseSchema>
export type ReplayPlanJson = z.infer<typeof replayPlanSchema>
export type ReplayJson = z.infer<typeof replaySchema>
export type ReplayComparison = z.infer<typeof replayComparisonSchema>
export type EvalsResponse = z.infer<typeof evalsResponseSchema>
export type JudgingResponse = z.infer<typeof judgingResponseSchema>
export type IndexResponse = z.infer<typeof indexResponseSchema>
export type Health = z.infer<typeof healthSchema>
export type BackupJson = z.infer<typeof backupSchema>
export type BackupSummary = z.infer<typeof backupSummarySchema>
export type Problem = z.infer<typeof problemSchema>

export const alertTransitionJsonSchema = z.object({
  alert: z.string(),
  eval: z.string(),
  /** By label, of an alert with `by`. */
  group: z.record(z.string(), z.string()),
  title: z.string().nullable(),
  owner: z.string().nullable(),
  severity: z.enum(['page', 'ticket', 'info']),
  mode: z.enum(['live', 'shadow']),
  state: z.enum(['inactive', 'pending', 'firing', 'resolved']),
  cause: alertTransitionSchema.shape.cause,
  at: z.string(),
  since: z.string(),
  incident: z.string().nullable(),
  rule: z.string(),
  value: z.number().nullable(),
  threshold: z.number(),
  /** Of `value`, `threshold` and the numbers of `why`: `ratio` (0..1), `ms`, a currency's code, `tokens`; null for counts and plain scores. */
  unit: z.string().nullable(),
  why: alertWhySchema.nullable(),
  traces: z.array(z.string()),
  /** Up to three subjects behind it, the newest first. Evidence is masked; `path` is of their page. */
  examples: z.array(alertExampleSchema.in.extend({ path: z.string(), url: z.string().nullable() })),
  /** What failing traces have more often than passing ones; null while nobody has looked, or nothing was to be looked at. */
  investigation: alertInvestigationSchema.nullable(),
  /** Where `cause` is `rebaselined`: who accepted the level, and why. */
  accepted: z.object({ by: z.string(), reason: z.string().nullable() }).nullable(),
})

export const alertStateJsonSchema = alertTransitionJsonSchema.extend({
  /** While it is in force; `until` is null in those that last as long as the incident. */
  acknowledged: z
    .object({ by: z.string(), reason: z.string().nullable(), at: z.string(), until: z.string().nullable() })
    .nullable(),
  /** The ids of the silences that are in force on it. */
  silencedBy: z.array(z.string()),
})
/** `since`: null for since the change of which the alert tells, or from `at` on. */
export const rebaselinedResponseSchema = z.object({
  alert: z.string(),
  at: z.string(),
  since: z.string().nullable(),
  by: z.string(),
  reason: z.string().nullable(),
})
export type RebaselinedResponse = z.infer<typeof rebaselinedResponseSchema>
export const alertStatesResponseSchema = z.object({ alerts: z.array(alertStateJsonSchema) })
export const alertHistoryResponseSchema = z.object({
  transitions: z.array(alertTransitionJsonSchema),
  next: z.string().optional(),
})

const detectabilitySchema = z.object({
  alert: z.string(),
  rule: z.string(),
  /** Null where nothing is known yet. */
  baseline: z.number().nullable(),
  /** Of the baseline and of the drops: `ratio` (0..1), `ms`, a currency's code, `tokens`; null for plain scores. */
  unit: z.string().nullable(),
  perHour: z.number(),
  /** How much more the traffic varies than coins do. */
  phi: z.number(),
  falseAlarms: z.object({ ratio: z.number(), perMs: z.number(), monitors: z.number() }),
  /** Which drop (of a quantile: by how much all subjects get worse) is seen in about how many hours; null: never. */
  drops: z.array(z.object({ drop: z.number(), hours: z.number().nullable() })),
  isBlind: z.boolean(),
  /** Why it is blind. */
  why: z.string().nullable(),
  /** The same in words, for people. */
  lines: z.array(z.string()),
})
export const alertDetectabilityResponseSchema = z.object({ alerts: z.array(detectabilitySchema) })
export type AlertDetectabilityResponse = z.infer<typeof alertDetectabilityResponseSchema>

export const silenceJsonSchema = z.object({
  id: z.string(),
  state: z.enum(['pending', 'active', 'waiting', 'expired']),
  matchers: matchersSchema,
  from: z.string(),
  until: z.string(),
  every: z.string().nullable(),
  by: z.string(),
  reason: z.string(),
  createdAt: z.string(),
  expiredBy: z.string().nullable(),
})
/** `warnings`: no alert matches it, say. */
export const newSilenceJsonSchema = silenceJsonSchema.extend({ warnings: z.array(z.string()) })
export const silencesResponseSchema = z.object({ silences: z.array(silenceJsonSchema) })

export type AlertStateJson = z.infer<typeof alertStateJsonSchema>
export type AlertStatesResponse = z.infer<typeof alertStatesResponseSchema>
export type AlertHistoryResponse = z.infer<typeof alertHistoryResponseSchema>
export type NewSilenceJson = z.infer<typeof newSilenceJsonSchema>
export type SilenceJson = z.infer<typeof silenceJsonSchema>
export type SilencesResponse = z.infer<typeof silencesResponseSchema>

export { scorecardSchema }
export const scorecardsResponseSchema = z.object({
  scorecards: z.array(
    z.object({
      id: z.string(),
      title: z.string().nullable(),
      owner: z.string().nullable(),
      /** `shadow`: worked out when it is asked for, and sent to nobody. */
      mode: z.enum(['live', 'shadow']),
      schedule: z.object({ cron: z.string(), timeZone: z.string() }),
      receivers: z.array(z.string()),
      /** The slot that was posted last; null before the first. */
      lastSlot: z.string().nullable(),
    }),
  ),
})
const postedSlot = {
  /** RFC 3339: where its period ends. */
  slot: z.string(),
  postedAt: z.string(),
  receivers: z.array(z.string()),
}
export const scorecardHistoryResponseSchema = z.object({
  id: z.string(),
  /** Newest first. */
  posted: z.array(z.object({ ...postedSlot, title: z.string().nullable() })),
})
export const postedScorecardSchema = z.object({ ...postedSlot, scorecard: scorecardSchema })
export type ScorecardsResponse = z.infer<typeof scorecardsResponseSchema>
export type ScorecardHistoryResponse = z.infer<typeof scorecardHistoryResponseSchema>
export type PostedScorecardJson = z.input<typeof postedScorecardSchema>
export type ScorecardJson = z.input<typeof scorecardSchema>
