/** Made by `npm run docs` from the API's description (server/openapi): do not edit. */
import type { Request } from './request.ts'

export type AlertDetectabilityResponse = {
  alerts: {
    alert: string
    rule: string
    baseline: number | null
    unit: string | null
    perHour: number
    phi: number
    falseAlarms: {
      ratio: number
      perMs: number
      monitors: number
    }
    drops: {
      drop: number
      hours: number | null
    }[]
    isBlind: boolean
    why: string | null
    lines: string[]
  }[]
}

export type AlertHistoryResponse = {
  transitions: AlertTransitionJson[]
  next?: string
}

export type Alert = {
  id: string
  title: string | null
  owner: string | null
  mode: "live" | "shadow"
  file: string
  line: number
  on: string
  note?: string
  when: string
  by: string[]
  severity: "page" | "ticket" | "info"
  notify: {
    receiver: string
    target: string
    lacks?: string
  }[]
}

export type AlertStateJson = {
  alert: string
  eval: string
  group: Record<string, string>
  title: string | null
  owner: string | null
  severity: "page" | "ticket" | "info"
  mode: "live" | "shadow"
  state: "inactive" | "pending" | "firing" | "resolved"
  cause: "condition" | "no_data" | "definition_changed" | "removed" | "group_gone" | "rebaselined"
  at: string
  since: string
  incident: string | null
  rule: string
  value: number | null
  threshold: number
  unit: string | null
  why: {
    rule: string
    baseline: {
      value: number
      interval: {
        low: number
        high: number
      } | null
      n: number
    } | null
    now: {
      value: number
      interval: {
        low: number
        high: number
      } | null
      n: number
    } | null
    detection: {
      kind: "threshold"
      cmp: "<" | "<=" | ">" | ">="
      value: number | null
      limit: number
    } | {
      kind: "e-sr"
      statistic: number
      alarmFrom: number
      sinceMs: number
      falseAlarms: {
        ratio: number
        perMs: number
      }
    } | {
      kind: "anomaly"
      distance: number
      alarmFrom: number
      usual: {
        low: number
        high: number
      }
    } | {
      kind: "silence"
      silentForMs: number
    }
    change: {
      delta: number
      rateEffect: number
      mixEffect: number
      shareOf?: string
    } | null
    strata: {
      name: string
      shareBefore: number
      shareNow: number
      before: number | null
      now: number | null
      rateEffect: number
      mixEffect: number
    }[]
    notSplit?: "total" | "silence" | "nothing_before" | "nothing_now" | "over"
    judge: {
      model: string
      drifted: boolean
      p: number
      lost: number
      gained: number
      checkedAtMs: number
    } | null
    deploy: {
      label: "agent.version" | "model"
      value: string
      firstSeenMs: number
      before: {
        value: number
        interval: {
          low: number
          high: number
        } | null
        n: number
      }
      with: {
        value: number
        interval: {
          low: number
          high: number
        } | null
        n: number
      }
      shareOf?: string
      p: number
    } | null
    definitions: {
      atMs: number
      revision: string | null
      author: string | null
      subject: string | null
      what: string
    }[]
  } | null
  traces: string[]
  examples: {
    subjectKind: "trace" | "session" | "agent_run" | "llm_call" | "tool_call" | "retrieval" | "embedding" | "guardrail" | "span"
    traceId: string
    spanId: string
    agentName?: string
    score?: number
    scoreUnit?: string
    reason?: {
      code: "not_captured"
      field: string
    } | {
      code: "truncated"
      field?: string
    } | {
      code: "refused"
    } | {
      code: "abstained"
      detail?: string
    } | {
      code: "over_budget"
    } | {
      code: "nothing_to_measure"
      detail: string
    } | {
      code: "wrong_type"
      detail: string
    } | {
      code: "judge_unreachable"
      detail: string
    } | {
      code: "judge_malformed"
      detail: string
    } | {
      code: "given_up"
      detail: string
    } | {
      code: "pass_because"
      detail: string
    }
    evidence: {
      field: string
      pattern: string
      masked: string
    }[]
    path: string
    url: string | null
  }[]
  investigation: {
    atMs: number
    fromMs: number
    toMs: number
    outcome: "found" | "nothing" | "too_few"
    failing: {
      traces: number
      compared: number
    }
    passing: {
      traces: number
      compared: number
    }
    tested: number
    findings: {
      label: string
      value: string
      isAbsent: boolean
      failing: {
        count: number
        of: number
      }
      passing: {
        count: number
        of: number
      }
      lift: number
      interval: {
        low: number
        high: number
      }
      p: number
      q: number
      also: {
        label: string
        value: string
      }[]
    }[]
    judge: {
      model: string
      drifted: boolean
      p: number
      lost: number
      gained: number
      checkedAtMs: number
    } | null
    summary: {
      text: string
      model: string | null
      costMicroUsd: number | null
    } | null
    summaryRefused: string | null
  } | null
  accepted: {
    by: string
    reason: string | null
  } | null
  acknowledged: {
    by: string
    reason: string | null
    at: string
    until: string | null
  } | null
  silencedBy: string[]
}

export type AlertStatesResponse = {
  alerts: AlertStateJson[]
}

export type AlertTransitionJson = {
  alert: string
  eval: string
  group: Record<string, string>
  title: string | null
  owner: string | null
  severity: "page" | "ticket" | "info"
  mode: "live" | "shadow"
  state: "inactive" | "pending" | "firing" | "resolved"
  cause: "condition" | "no_data" | "definition_changed" | "removed" | "group_gone" | "rebaselined"
  at: string
  since: string
  incident: string | null
  rule: string
  value: number | null
  threshold: number
  unit: string | null
  why: {
    rule: string
    baseline: {
      value: number
      interval: {
        low: number
        high: number
      } | null
      n: number
    } | null
    now: {
      value: number
      interval: {
        low: number
        high: number
      } | null
      n: number
    } | null
    detection: {
      kind: "threshold"
      cmp: "<" | "<=" | ">" | ">="
      value: number | null
      limit: number
    } | {
      kind: "e-sr"
      statistic: number
      alarmFrom: number
      sinceMs: number
      falseAlarms: {
        ratio: number
        perMs: number
      }
    } | {
      kind: "anomaly"
      distance: number
      alarmFrom: number
      usual: {
        low: number
        high: number
      }
    } | {
      kind: "silence"
      silentForMs: number
    }
    change: {
      delta: number
      rateEffect: number
      mixEffect: number
      shareOf?: string
    } | null
    strata: {
      name: string
      shareBefore: number
      shareNow: number
      before: number | null
      now: number | null
      rateEffect: number
      mixEffect: number
    }[]
    notSplit?: "total" | "silence" | "nothing_before" | "nothing_now" | "over"
    judge: {
      model: string
      drifted: boolean
      p: number
      lost: number
      gained: number
      checkedAtMs: number
    } | null
    deploy: {
      label: "agent.version" | "model"
      value: string
      firstSeenMs: number
      before: {
        value: number
        interval: {
          low: number
          high: number
        } | null
        n: number
      }
      with: {
        value: number
        interval: {
          low: number
          high: number
        } | null
        n: number
      }
      shareOf?: string
      p: number
    } | null
    definitions: {
      atMs: number
      revision: string | null
      author: string | null
      subject: string | null
      what: string
    }[]
  } | null
  traces: string[]
  examples: {
    subjectKind: "trace" | "session" | "agent_run" | "llm_call" | "tool_call" | "retrieval" | "embedding" | "guardrail" | "span"
    traceId: string
    spanId: string
    agentName?: string
    score?: number
    scoreUnit?: string
    reason?: {
      code: "not_captured"
      field: string
    } | {
      code: "truncated"
      field?: string
    } | {
      code: "refused"
    } | {
      code: "abstained"
      detail?: string
    } | {
      code: "over_budget"
    } | {
      code: "nothing_to_measure"
      detail: string
    } | {
      code: "wrong_type"
      detail: string
    } | {
      code: "judge_unreachable"
      detail: string
    } | {
      code: "judge_malformed"
      detail: string
    } | {
      code: "given_up"
      detail: string
    } | {
      code: "pass_because"
      detail: string
    }
    evidence: {
      field: string
      pattern: string
      masked: string
    }[]
    path: string
    url: string | null
  }[]
  investigation: {
    atMs: number
    fromMs: number
    toMs: number
    outcome: "found" | "nothing" | "too_few"
    failing: {
      traces: number
      compared: number
    }
    passing: {
      traces: number
      compared: number
    }
    tested: number
    findings: {
      label: string
      value: string
      isAbsent: boolean
      failing: {
        count: number
        of: number
      }
      passing: {
        count: number
        of: number
      }
      lift: number
      interval: {
        low: number
        high: number
      }
      p: number
      q: number
      also: {
        label: string
        value: string
      }[]
    }[]
    judge: {
      model: string
      drifted: boolean
      p: number
      lost: number
      gained: number
      checkedAtMs: number
    } | null
    summary: {
      text: string
      model: string | null
      costMicroUsd: number | null
    } | null
    summaryRefused: string | null
  } | null
  accepted: {
    by: string
    reason: string | null
  } | null
}

export type AuditResponse = {
  entries: {
    at: string
    by: string
    act: string
    target: string
    detail: Record<string, string | number | boolean | null>
  }[]
}

export type Backup = {
  id: string
  to: string
  state: "running" | "done" | "failed" | "stopped"
  startedAt: string
  progress: number
  text: string
  summary?: BackupSummary
}

export type BackupSummary = {
  to: string
  log: "embedded" | "kafka"
  files: number
  sizeBytes: number
  tracesTo?: string
  tables: Record<string, {
      rows: number
      partitions?: number
    }>
  areSpansComplete: boolean
}

export type CreatedKeyResponse = {
  id: string
  tenant: string
  role: "ingest" | "viewer" | "deploy" | "editor" | "admin"
  name: string
  createdAt: string
  createdBy: string
  expiresAt: string | null
  revokedAt: string | null
  key: string
}

export type DeadLetterDetail = {
  id: number
  state: "waiting" | "replayed" | "dropped"
  source: string
  group?: string
  code: string
  reason: string
  at: string
  sizeBytes: number
  headers: Record<string, string>
  valueBase64: string
}

export type DeadLetter = {
  id: number
  state: "waiting" | "replayed" | "dropped"
  source: string
  group?: string
  code: string
  reason: string
  at: string
  sizeBytes: number
}

export type DeadLettersResponse = {
  deadLetters: DeadLetter[]
  total: number
}

export type DefinitionsResponse = {
  packages: {
    name: string
    revision: string | null
    pushedAt: string
    evals: string[]
    alerts: string[]
    previousRevision: string | null
  }[]
}

export type ErasureResponse = {
  dryRun: boolean
  traces: number
  spans: number
  results: number
  records: number
  deadLetters: number
  answers: number
  keptUntil: {
    topic: string
    until: string
  }[]
  isSettled: boolean
}

export type EvalDetailResponse = {
  id: string
  title: string | null
  owner: string | null
  mode: "live" | "shadow"
  file: string
  line: number
  kind: "online" | "offline"
  measureHash: string
  verdictHash: string
  was: string[]
  on: string
  score?: string
  pass: string
  missing?: "unknown" | "fail" | "pass"
  redact?: {
    fields: string[]
    patterns: string[]
  }
  judge?: {
    models: string[]
    fallbacks: string[]
    take: "mean" | "median" | "majority" | null
    rubric: string
    show: string[]
    scale: {
      low: number
      high: number
    }
  }
  metric?: {
    text: string
    scale?: {
      low: number
      high: number
    }
    judge: {
      models: string[]
      fallbacks: string[]
      take: "mean" | "median" | "majority" | null
    } | null
  }
  source?: string
}

export type EvalFlipsResponse = {
  eval: string
  flips: {
    traceId: string
    spanId?: string
    because: "definition" | "judged_again" | "revision"
    before: {
      at: string
      verdict: Verdict
      measureHash: string
      runId?: string
    }
    now: {
      at: string
      verdict: Verdict
      measureHash: string
      runId?: string
    }
  }[]
}

export type EvalPromptResponse = {
  eval: string
  traceId: string
  session?: string
  traces?: string[]
  judges: string[]
  fallbacks: string[]
  subjects: {
    spanId?: string
    notAsked?: string
    questions: {
      promptVersion: string
      messages: {
        role: "system" | "user"
        content: string
      }[]
      hasPlaceholder?: true
      cut: {
        path: string
        chars: number
        shownChars: number
      }[]
      schemaName: string
      schema: Record<string, unknown>
      topLogprobs?: number
    }[]
  }[]
  notShown?: number
}

export type Eval = {
  id: string
  title: string | null
  owner: string | null
  mode: "live" | "shadow"
  file: string
  line: number
  kind: "online" | "offline"
  subject: string
  when: "arrival" | "settle" | {
    cron: string
    timeZone: string
  }
  measureHash: string
  verdictHash: string
  scoreUnit: string | null
  matched: number
  verdicts: Ledger
  passRate: number | null
  coverage: number | null
  filtered?: number
  filteredUnknown?: number
  note?: string
}

export type EvalTrendsResponse = {
  from: string
  to: string
  stepMs: number
  evals: {
    eval: string
    spentUsd: number | null
    points: {
      start: string
      verdicts: Ledger
      passRate?: number
    }[]
  }[]
}

export type EvalsResponse = {
  hash: string
  loadedAt: string
  files: string[]
  diagnostics: {
    severity: "error" | "warning"
    code: string
    message: string
    file: string
    line: number
    column: number
  }[]
  evals: Eval[]
  alerts: Alert[]
}

export type Evidence = {
  field: string
  start: number
  end: number
  pattern: string
  masked: string
  spanId?: string
}

export type Health = {
  status: "ok" | "starting" | "degraded" | "stopping"
  components: {
    name: string
    state: "ok" | "starting" | "degraded" | "failed" | "off"
    detail?: string
    breaker?: {
      state: "closed" | "open" | "half_open"
      reason: string | null
    }
    counters?: Record<string, number>
  }[]
}

export type IndexResponse = {
  name: "Assay"
  routes: {
    method: "GET" | "POST" | "DELETE"
    path: string
    gives: string
  }[]
}

export type Judgement = {
  kind: "claim" | "document" | "statement" | "citation" | "quote" | "judge" | "call" | "handoff" | "task" | "trace"
  about: string
  verdict: string
  value?: number
  quote?: string
  detail?: string
}

export type JudgingResponse = {
  level: "normal" | "failover" | "cache_only" | "no_provider"
  shared: boolean
  providers: {
    name: string
    breaker: "closed" | "open" | "half_open"
    outSince?: string
    lastFailure?: {
      at: string
      detail: string
    }
  }[]
}

export type Key = {
  id: string
  tenant: string
  role: "ingest" | "viewer" | "deploy" | "editor" | "admin"
  name: string
  createdAt: string
  createdBy: string
  expiresAt: string | null
  revokedAt: string | null
}

export type KeysResponse = {
  keys: Key[]
}

export type Ledger = {
  pass: number
  fail: number
  unknown: number
  error: number
}

export type LiveAgent = {
  agent: string
  env?: string
  lastSeen: string
  inFlightTraces: number
  runs: number
  errorRate: number | null
  p95DurationMs: number | null
  spans: number
  failedSpans: number
  runsPerMinute: number
  spansPerMinute: number
  tokensPerMinute: number
  costUsdPerMinute: number | null
  verdicts: Record<string, Ledger>
  versions: string[]
  models: string[]
}

export type LiveAgentsResponse = {
  agents: LiveAgent[]
  total: number
  windowSeconds: number
  evaluatedTo?: string
}

export type NewSilenceJson = {
  id: string
  state: "pending" | "active" | "waiting" | "expired"
  matchers: {
    alert?: string
    eval?: string
    severity?: "page" | "ticket" | "info"
    owner?: string
    labels: Record<string, string>
  }
  from: string
  until: string
  every: string | null
  by: string
  reason: string
  createdAt: string
  expiredBy: string | null
  warnings: string[]
}

export type PageTracesResponse = {
  traces: {
    traceId: string
    spans: {
      spanId: string
      [key: string]: unknown
    }[]
  }[]
  openTraces: number
}

export type PagesResponse = {
  from: string
  to: string
  pages: {
    fromTrace: string
    toTrace?: string
  }[]
}

export type PlanResponse = {
  version: number
  hash: string
  [key: string]: unknown
}

export type PostedScorecard = {
  slot: string
  postedAt: string
  receivers: string[]
  scorecard: Scorecard
}

export type Problem = {
  type: string
  title: string
  status: number
  detail?: string
  errors?: {
    parameter: string
    message: string
    line?: number
    column?: number
  }[]
}

export type PushResponse = {
  packages: {
    name: string
    revision: string | null
    changed: boolean
  }[]
}

export type RebaselinedResponse = {
  alert: string
  at: string
  since: string | null
  by: string
  reason: string | null
}

export type ReplayComparison = {
  run: string
  evals: {
    eval: string
    verdicts: Ledger
    flips: {
      live: Verdict
      run: Verdict
      subjects: number
    }[]
    same: number
    withoutLive: number
  }[]
}

export type ReplayPlan = {
  dryRun: true
  from: string
  to: string
  source: "log" | "store"
  evals: string[]
  alerts: boolean
  spansPerSecond: number
  estimate: {
    records: number
    spans: number
    traces: number
  }
  notes: string[]
}

export type Replay = {
  run: string
  state: "queued" | "running" | "stopped" | "done" | "failed"
  askedAt: string
  from: string
  to: string
  source: "log" | "store"
  evals: string[]
  alerts: boolean
  spansPerSecond: number
  estimate: {
    records: number
    spans: number
    traces: number
  }
  notes: string[]
  definitions: string
  progress: number
  counts: {
    records: number
    spans: number
    traces: number
    results: number
    undecodable: number
    failed: number
    gone: number
    openTraces: number
    unjudgedPieces: number
    cutTraces: number
    maskedTaken: number
    maskedUnknown: number
  }
  updatedAt?: string
  trouble?: string
}

export type ReplaysResponse = {
  replays: Replay[]
}

export type Result = {
  eval: string
  traceId: string
  spanId?: string
  subject: string
  subjectTime: string
  verdict: Verdict
  score?: number
  scoreUnit?: string
  reason?: {
    code: string
    field?: string
    detail?: string
  }
  evidence: Evidence[]
  judgements?: Judgement[]
  explanation?: string
  revision: number
  evaluatedAt: string
  mode: "live" | "shadow"
  measureHash: string
  verdictHash: string
  agent?: {
    name?: string
    version?: string
  }
  env?: string
  judge?: {
    model: string
    inputTokens?: number
    outputTokens?: number
  }
  standIn?: StandIn
  costUsd?: number
  runId?: string
  inclusionProbability?: number
  drawnFor?: "flagged"
}

export type ResultsResponse = {
  results: Result[]
  next?: string
}

export type ScorecardHistoryResponse = {
  id: string
  posted: {
    slot: string
    postedAt: string
    receivers: string[]
    title: string | null
  }[]
}

export type Scorecard = {
  id: string
  title: string | null
  owner: string | null
  period: {
    fromMs: number
    toMs: number
  }
  before: {
    fromMs: number
    toMs: number
  } | null
  rows: {
    cells: {
      fn: string
      evalId: string
      group: Record<string, string>
      type: {
        kind: string
        [key: string]: unknown
      }
      value: number | null
      interval: {
        low: number
        high: number
      } | null
      method: "wilson" | "clustered" | "betting" | "ranks" | null
      n: number
      coverage: number | null
      change: {
        before: number
        delta: number
        interval: {
          low: number
          high: number
        } | null
        isClear: boolean
      } | null
      corrected: {
        value: number
        interval: {
          low: number
          high: number
        }
        labelled: number
      } | null
      trend: (number | null)[]
    }[]
  }[]
  trend: {
    fromMs: number
    stepMs: number
  } | null
  spend: {
    now: number | null
    before: number | null
  } | null
  worst: {
    evalId: string
    traceId: string
    spanId: string
    score: number | null
  }[]
  alerts: {
    alertId: string
    title: string | null
    severity: "page" | "ticket" | "info"
    group: Record<string, string>
    sinceMs: number
    acknowledgedBy: string | null
  }[]
}

export type ScorecardsResponse = {
  scorecards: {
    id: string
    title: string | null
    owner: string | null
    mode: "live" | "shadow"
    schedule: {
      cron: string
      timeZone: string
    }
    receivers: string[]
    lastSlot: string | null
  }[]
}

export type SeriesPoint = {
  start: string
  measureHash: string
  standIn?: StandIn
  label?: string
  verdicts: Ledger
  passRate?: number
  lower?: number
  upper?: number
  meanScore?: number
  effectiveSubjects?: number
}

export type SeriesResponse = {
  eval: string
  from: string
  to: string
  step: string
  by?: string
  points: SeriesPoint[]
  agreement?: SeriesAgreement[]
}

export type SessionInfo = {
  tenant: string
  role: "ingest" | "viewer" | "deploy" | "editor" | "admin" | "operator" | "anyone"
  may: ("read" | "push" | "edit" | "administer" | "operate")[]
  isSignedIn: boolean
  person?: string
}

export type SessionResponse = {
  traces: TraceSummary[]
  next?: string
  session: Session
  results: Result[]
}

export type Session = {
  session: string
  firstSeen: string
  lastSeen: string
  traces: number
  failedSpans: number
  user?: string
  agent?: string
  inputTokens: number
  outputTokens: number
  costUsd: number | null
}

export type SessionsResponse = {
  sessions: Session[]
  next?: string
}

export type SettledDeadLetters = {
  ids: number[]
}

export type SignInWays = {
  openId: {
    label: string
  } | null
}

export type SilenceJson = {
  id: string
  state: "pending" | "active" | "waiting" | "expired"
  matchers: {
    alert?: string
    eval?: string
    severity?: "page" | "ticket" | "info"
    owner?: string
    labels: Record<string, string>
  }
  from: string
  until: string
  every: string | null
  by: string
  reason: string
  createdAt: string
  expiredBy: string | null
}

export type SilencesResponse = {
  silences: SilenceJson[]
}

export type SkippedRecords = {
  id: number
  topic: string
  partition: number
  from: number
  to: number
}

export type StandIn = {
  level: "or_else" | "cheaper" | "proxy"
  by: string
}

export type TraceResponse = {
  traceId: string
  spans: TraceSpan[]
  results: Result[]
  truncated?: true
}

export type TraceSpan = {
  traceId: string
  spanId: string
  kind: string
  name: string
  startTime: string
  durationMs: number
  results: Result[]
  [key: string]: unknown
}

export type TraceSummary = {
  traceId: string
  startTime: string
  durationMs: number
  name: string
  spans: number
  failedSpans: number
  llmCalls: number
  toolCalls: number
  agent?: {
    name?: string
    version?: string
  }
  env?: string
  session?: string
  user?: string
  models: string[]
  inputTokens: number
  outputTokens: number
  costUsd: number | null
  input?: string
  output?: string
  verdicts: Ledger
  failedEvals: string[]
}

export type TraceTestsResponse = {
  tests: {
    file: string
    text: string
  }[]
}

export type TracesResponse = {
  traces: TraceSummary[]
  next?: string
}

export type UsageResponse = {
  from: string
  to: string
  usage: Usage[]
}

export type Usage = {
  day: string
  tenant: string
  agent?: string
  spans: number
  bytes: number
  judgeInputTokens: number
  judgeOutputTokens: number
  judgeCostUsd: number | null
}

export type Verdict = "pass" | "fail" | "unknown" | "error"

export type WhyResponse = {
  eval: string
  subjects: {
    verdict: string
    difference?: string
    [key: string]: unknown
  }[]
}

export type AgreementResponse = {
  eval: string
  measureHash: string
  judged: number
  labelled: number
  people: string[]
  verdicts: {
    subjects: number
    agreed: number | null
    kappa: number | null
    alpha: number | null
    ac1: number | null
    intervals: {
      kappa: {
        lower: number
        upper: number
      } | null
      alpha: {
        lower: number
        upper: number
      } | null
      ac1: {
        lower: number
        upper: number
      } | null
    }
  }
  scores: {
    subjects: number
    agreed: number | null
    kappa: number | null
    alpha: number | null
    ac1: number | null
    intervals: {
      kappa: {
        lower: number
        upper: number
      } | null
      alpha: {
        lower: number
        upper: number
      } | null
      ac1: {
        lower: number
        upper: number
      } | null
    }
  } | null
  passRate: {
    judged: {
      estimate: number
      lower: number
      upper: number
    } | null
    corrected: {
      estimate: number
      lower: number
      upper: number
    } | null
  }
  meanScore: {
    judged: {
      estimate: number
      lower: number
      upper: number
    } | null
    corrected: {
      estimate: number
      lower: number
      upper: number
      reliance: number
    } | null
  }
  anchors: {
    rounds: number
    lastAt: string | null
    drift: {
      before: {
        runId: string
        at: string
        measureHash: string
        models: string[]
        agreed: number
        passed: number
        meanScore: number | null
      }
      now: {
        runId: string
        at: string
        measureHash: string
        models: string[]
        agreed: number
        passed: number
        meanScore: number | null
      }
      anchors: number
      lost: number
      gained: number
      p: number
      hasDrifted: boolean
      isOtherMeasure: boolean
      isOtherModel: boolean
    } | null
    sinceFirst: {
      before: {
        runId: string
        at: string
        measureHash: string
        models: string[]
        agreed: number
        passed: number
        meanScore: number | null
      }
      now: {
        runId: string
        at: string
        measureHash: string
        models: string[]
        agreed: number
        passed: number
        meanScore: number | null
      }
      anchors: number
      lost: number
      gained: number
      p: number
      hasDrifted: boolean
      isOtherMeasure: boolean
      isOtherModel: boolean
    } | null
  }
}

export type CancelledResponse = {
  runId: string
  cancelled: true
}

export type Label = {
  eval: string
  traceId: string
  spanId?: string
  score?: number
  verdict: "pass" | "fail"
  note?: string
  by: string
  at: string
}

export type LabelsBody = {
  labels: NewLabel[]
}

export type LabelsResponse = {
  labels: Label[]
}

export type LabelsStored = {
  stored: number
}

export type NewLabel = {
  eval: string
  traceId: string
  spanId?: string
  score?: number
  verdict?: "pass" | "fail"
  withdrawn?: true
  note?: string
  by: string
}

export type OfflineResponse = {
  evals: {
    eval: string
    state: "ready" | "paused" | "by_proxy" | "no_provider" | "no_price" | "not_supported" | "no_worker"
    detail?: string
    schedule: {
      cron: string
      timeZone: string
    }
    nextSlot?: string
    pausedSince?: string
    lastRun?: OfflineRun
    nextRun: {
      maxSubjects?: number
      judges: string[]
      budgetPerRunUsd?: number
      budgetPerMonthUsd?: number
      estimate?: {
        subjects: number
        usd: number | null
      }
    }
    agreement?: SeriesAgreement | null
  }[]
}

export type OfflineRun = {
  runId: string
  eval: string
  trigger: "schedule" | "manual" | "anchors"
  slot: string
  state: "waiting" | "active" | "done" | "failed" | "cancelled" | "unknown"
  enqueuedAt: string
  endedAt?: string
  populationTraces?: number
  lookedAtTraces?: number
  sampled?: number
  estimateUsd?: number
  estimateIsGuess?: true
  cheaper?: number
  budgetUsd?: number
  batches: {
    all: number
    done: number
    failed: number
  }
  outcome: {
    alreadyJudged: number
    pass: number
    fail: number
    unknown: number
    error: number
    overBudget: number
    left: number
    cached: number
    orElse: number
    cheaper: number
    proxy: number
  }
  spentUsd: number | null
  notes?: string[]
  error?: string
}

export type OfflineRunsResponse = {
  runs: OfflineRun[]
  next?: string
}

export type PausedResponse = {
  eval: string
  paused: boolean
}

export type RunResponse = {
  eval: string
  runId: string
  known?: true
}

export type SeriesAgreement = {
  measureHash: string
  judged: number
  labelled: number
  people: string[]
  verdicts: {
    subjects: number
    agreed: number | null
    kappa: number | null
    alpha: number | null
    ac1: number | null
    intervals: {
      kappa: {
        lower: number
        upper: number
      } | null
      alpha: {
        lower: number
        upper: number
      } | null
      ac1: {
        lower: number
        upper: number
      } | null
    }
  }
  scores: {
    subjects: number
    agreed: number | null
    kappa: number | null
    alpha: number | null
    ac1: number | null
    intervals: {
      kappa: {
        lower: number
        upper: number
      } | null
      alpha: {
        lower: number
        upper: number
      } | null
      ac1: {
        lower: number
        upper: number
      } | null
    }
  } | null
  passRate: {
    judged: {
      estimate: number
      lower: number
      upper: number
    } | null
    corrected: {
      estimate: number
      lower: number
      upper: number
    } | null
  }
  meanScore: {
    judged: {
      estimate: number
      lower: number
      upper: number
    } | null
    corrected: {
      estimate: number
      lower: number
      upper: number
      reliance: number
    } | null
  }
}

export type IntegrityChecksResponse = {
  checks: VerifyReport[]
}

export type VerifyReport = {
  from: string
  to: string
  checkedAt: string
  durationMs: number
  isClean: boolean
  days: {
    topic: string
    partition: number
    day: string
    records: number
    stored: number
    storedElsewhere: number
    empty: number
    deadLettered: number
    expired: number
    missing: number
    lag: number
  }[]
  gaps: {
    records: number
    ranges: {
      topic: string
      partition: number
      from: number
      to: number
    }[]
  }
  orphans: {
    results: number
    examples: {
      tenant: string
      eval: string
      traceId: string
      spanId?: string
    }[]
  }
  duplicates: {
    visibleSpans: number
    awaitingMerge: {
      spans: number
      results: number
    }
  }
}

export type StreamEvent = {
  type: "ready"
  id?: string
  data: {
    streams: ("spans" | "results" | "alerts" | "agents")[]
    heartbeatMs: number
  }
} | {
  type: "span"
  id: string
  data: {
    traceId: string
    spanId: string
    kind: string
    name: string
    startTime: string
    durationMs: number
    [key: string]: unknown
  }
} | {
  type: "result"
  id: string
  data: Result
} | {
  type: "alert"
  id: string
  data: AlertTransitionJson
} | {
  type: "agent"
  data: LiveAgent
} | {
  type: "agent_gone"
  data: {
    agent: string
    env?: string
  }
} | {
  type: "heartbeat"
  id?: string
  data: {
    dropped: number
  }
} | {
  type: "dropped"
  data: {
    events: number
    inAll: number
  }
} | {
  type: "gap"
  data: {
    stream: "spans" | "results" | "alerts"
    records: number
  }
}

export type Api = ReturnType<typeof createApi>

/** A method for each operation; they reject with `ApiProblem`. */
export const createApi = (request: Request) => ({
  /** this list */
  index: (signal?: AbortSignal): Promise<IndexResponse> =>
    request('GET', `/`, { signal }),
  /** verdicts, newest first; filters: eval, verdict, agent, trace, since, run, order; in pages: limit, after */
  listResults: (query: { eval?: string | number | undefined; verdict?: string | number | undefined; agent?: string | number | undefined; trace?: string | number | undefined; since?: string | number | undefined; run?: string | number | undefined; order?: "newest" | "worst" | undefined; after?: string | number | undefined; limit?: string | number | undefined } = {}, signal?: AbortSignal): Promise<ResultsResponse> =>
    request('GET', `/v1/results`, { query, signal }),
  /** traces, newest first, by what is in them and how they were judged; in pages */
  searchTraces: (query: { since?: string | number | undefined; until?: string | number | undefined; agent?: string | number | undefined; version?: string | number | undefined; env?: string | number | undefined; session?: string | number | undefined; user?: string | number | undefined; model?: string | number | undefined; tool?: string | number | undefined; status?: "ok" | "error" | undefined; minMs?: string | number | undefined; maxMs?: string | number | undefined; minUsd?: string | number | undefined; eval?: string | number | undefined; verdict?: string | number | undefined; text?: string | number | undefined; after?: string | number | undefined; limit?: string | number | undefined } = {}, signal?: AbortSignal): Promise<TracesResponse> =>
    request('GET', `/v1/traces`, { query, signal }),
  /** sessions, the last seen first: since, until, user, agent; in pages: limit, after */
  listSessions: (query: { since?: string | number | undefined; until?: string | number | undefined; user?: string | number | undefined; agent?: string | number | undefined; after?: string | number | undefined; limit?: string | number | undefined } = {}, signal?: AbortSignal): Promise<SessionsResponse> =>
    request('GET', `/v1/sessions`, { query, signal }),
  /** a session with its traces, newest first: since, until; in pages: limit, after */
  getTracesOfSession: (session: string, query: { since?: string | number | undefined; until?: string | number | undefined; after?: string | number | undefined; limit?: string | number | undefined } = {}, signal?: AbortSignal): Promise<SessionResponse> =>
    request('GET', `/v1/sessions/${encodeURIComponent(session)}`, { query, signal }),
  /** why a verdict came out so, part by part: eval, span */
  explainTrace: (traceId: string, query: { eval: string | number | undefined; span?: string | number | undefined }, signal?: AbortSignal): Promise<WhyResponse> =>
    request('GET', `/v1/traces/${encodeURIComponent(traceId)}/why`, { query, signal }),
  /** the trace as tests of the evals that say something of it: eval, span, all */
  traceTests: (traceId: string, query: { eval?: string | number | undefined; span?: string | number | undefined; all?: "true" | "false" | undefined } = {}, signal?: AbortSignal): Promise<TraceTestsResponse> =>
    request('GET', `/v1/traces/${encodeURIComponent(traceId)}/test`, { query, signal }),
  /** how all evals went lately, and what their judges cost: since */
  listTrends: (query: { since?: string | number | undefined } = {}, signal?: AbortSignal): Promise<EvalTrendsResponse> =>
    request('GET', `/v1/evals/trends`, { query, signal }),
  /** subjects on which it changed its verdict: since, limit */
  listFlips: (packageName: string, name: string, query: { since?: string | number | undefined; limit?: string | number | undefined } = {}, signal?: AbortSignal): Promise<EvalFlipsResponse> =>
    request('GET', `/v1/evals/${encodeURIComponent(packageName)}/${encodeURIComponent(name)}/flips`, { query, signal }),
  /** what its judge is asked about a subject: trace, span */
  getPrompt: (packageName: string, name: string, query: { trace?: string | number | undefined; span?: string | number | undefined } = {}, signal?: AbortSignal): Promise<EvalPromptResponse> =>
    request('GET', `/v1/evals/${encodeURIComponent(packageName)}/${encodeURIComponent(name)}/prompt`, { query, signal }),
  /** one definition with its source */
  getEval: (packageName: string, name: string, signal?: AbortSignal): Promise<EvalDetailResponse> =>
    request('GET', `/v1/evals/${encodeURIComponent(packageName)}/${encodeURIComponent(name)}`, { signal }),
  /** its verdicts over time: since, until, step, by, agreement */
  getSeries: (packageName: string, name: string, query: { since?: string | number | undefined; until?: string | number | undefined; step?: string | number | undefined; by?: "agent" | "version" | "env" | "model" | undefined; agreement?: "true" | "false" | undefined } = {}, signal?: AbortSignal): Promise<SeriesResponse> =>
    request('GET', `/v1/evals/${encodeURIComponent(packageName)}/${encodeURIComponent(name)}/series`, { query, signal }),
  /** the spans of a trace with their verdicts */
  getTrace: (traceId: string, signal?: AbortSignal): Promise<TraceResponse> =>
    request('GET', `/v1/traces/${encodeURIComponent(traceId)}`, { signal }),
  /** the definitions in force, with what they found */
  listEvals: (signal?: AbortSignal): Promise<EvalsResponse> =>
    request('GET', `/v1/evals`, { signal }),
  /** a run of an offline eval: at (now, slot), since, until */
  runEval: (packageName: string, name: string, body?: {
    at?: "now" | "slot"
    since?: string
    until?: string
  }, signal?: AbortSignal): Promise<RunResponse> =>
    request('POST', `/v1/evals/${encodeURIComponent(packageName)}/${encodeURIComponent(name)}/run`, { body, signal }),
  /** the offline eval paused: no slots, its runs wait */
  pauseEval: (packageName: string, name: string, signal?: AbortSignal): Promise<PausedResponse> =>
    request('POST', `/v1/evals/${encodeURIComponent(packageName)}/${encodeURIComponent(name)}/pause`, { signal }),
  /** the offline eval goes on */
  resumeEval: (packageName: string, name: string, signal?: AbortSignal): Promise<PausedResponse> =>
    request('POST', `/v1/evals/${encodeURIComponent(packageName)}/${encodeURIComponent(name)}/resume`, { signal }),
  /** how far its judge agrees with labels, and figures corrected by them */
  getAgreement: (packageName: string, name: string, signal?: AbortSignal): Promise<AgreementResponse> =>
    request('GET', `/v1/evals/${encodeURIComponent(packageName)}/${encodeURIComponent(name)}/agreement`, { signal }),
  /** what people say of what an eval judges: eval, limit */
  listLabels: (query: { eval: string | number | undefined; limit?: string | number | undefined }, signal?: AbortSignal): Promise<LabelsResponse> =>
    request('GET', `/v1/labels`, { query, signal }),
  /** labels: scores or verdicts of people */
  storeLabels: (body: LabelsBody, signal?: AbortSignal): Promise<LabelsStored> =>
    request('POST', `/v1/labels`, { body, signal }),
  /** the offline evals: when they run, and how their last run went */
  getOffline: (query: { agreement?: "true" | "false" | undefined } = {}, signal?: AbortSignal): Promise<OfflineResponse> =>
    request('GET', `/v1/offline`, { query, signal }),
  /** runs of offline evals, newest first: eval; in pages: limit, after */
  listOfflineRuns: (query: { eval?: string | number | undefined; after?: string | number | undefined; limit?: string | number | undefined } = {}, signal?: AbortSignal): Promise<OfflineRunsResponse> =>
    request('GET', `/v1/offline/runs`, { query, signal }),
  /** one of them, with how far it is */
  getOfflineRun: (packageName: string, run: string, signal?: AbortSignal): Promise<OfflineRun> =>
    request('GET', `/v1/offline/runs/${encodeURIComponent(packageName)}/${encodeURIComponent(run)}`, { signal }),
  /** what of the run has not begun is left */
  cancelOfflineRun: (packageName: string, run: string, signal?: AbortSignal): Promise<CancelledResponse> =>
    request('POST', `/v1/offline/runs/${encodeURIComponent(packageName)}/${encodeURIComponent(run)}/cancel`, { signal }),
  /** what each alert is now, with its silence and acknowledgement */
  listAlerts: (signal?: AbortSignal): Promise<AlertStatesResponse> =>
    request('GET', `/v1/alerts`, { signal }),
  /** what alerts were, newest first: alert; in pages: limit, after */
  listAlertHistory: (query: { alert?: string | number | undefined; after?: string | number | undefined; limit?: string | number | undefined } = {}, signal?: AbortSignal): Promise<AlertHistoryResponse> =>
    request('GET', `/v1/alerts/history`, { query, signal }),
  /** what each alert on changes can see, from the traffic that there was */
  listAlertDetectability: (signal?: AbortSignal): Promise<AlertDetectabilityResponse> =>
    request('GET', `/v1/alerts/detectability`, { signal }),
  /** an alert that fires taken on for a while: alert, minutes (a day), by, reason */
  acknowledgeAlert: (body: {
    alert: string
    minutes?: number
    by?: string
    reason?: string
  }, signal?: AbortSignal): Promise<AlertStatesResponse> =>
    request('POST', `/v1/alerts/ack`, { body, signal }),
  /** a new level of an alert on changes accepted: alert, since, by, reason */
  rebaselineAlert: (body: {
    alert: string
    by?: string
    reason?: string
    since?: string
  }, signal?: AbortSignal): Promise<RebaselinedResponse> =>
    request('POST', `/v1/alerts/rebaseline`, { body, signal }),
  /** the scorecards in force, with when each was posted last */
  listScorecards: (signal?: AbortSignal): Promise<ScorecardsResponse> =>
    request('GET', `/v1/scorecards`, { signal }),
  /** a scorecard as it would be sent now */
  getScorecard: (packageName: string, name: string, signal?: AbortSignal): Promise<Scorecard> =>
    request('GET', `/v1/scorecards/${encodeURIComponent(packageName)}/${encodeURIComponent(name)}`, { signal }),
  /** when it was posted, newest first: limit */
  listPostedScorecards: (packageName: string, name: string, query: { limit?: string | number | undefined } = {}, signal?: AbortSignal): Promise<ScorecardHistoryResponse> =>
    request('GET', `/v1/scorecards/${encodeURIComponent(packageName)}/${encodeURIComponent(name)}/history`, { query, signal }),
  /** as it was posted then */
  getPostedScorecard: (packageName: string, name: string, slot: string, signal?: AbortSignal): Promise<PostedScorecard> =>
    request('GET', `/v1/scorecards/${encodeURIComponent(packageName)}/${encodeURIComponent(name)}/history/${encodeURIComponent(slot)}`, { signal }),
  /** as a page or picture: format (html, markdown, text, slack, svg, png), slot; without slot as of now */
  renderScorecard: (packageName: string, name: string, query: { format?: "text" | "markdown" | "html" | "slack" | "svg" | "png" | undefined; slot?: string | number | undefined } = {}, signal?: AbortSignal): Promise<string> =>
    request('GET', `/v1/scorecards/${encodeURIComponent(packageName)}/${encodeURIComponent(name)}/rendered`, { query, signal }),
  /** silences and maintenance windows, newest first */
  listSilences: (signal?: AbortSignal): Promise<SilencesResponse> =>
    request('GET', `/v1/silences`, { signal }),
  /** a new one: matchers, minutes, from, every, by, reason */
  createSilence: (body: {
    matchers: {
      alert?: string
      eval?: string
      severity?: "page" | "ticket" | "info"
      owner?: string
      labels?: Record<string, string>
    }
    from?: string
    minutes: number
    every?: string
    by?: string
    reason: string
  }, signal?: AbortSignal): Promise<NewSilenceJson> =>
    request('POST', `/v1/silences`, { body, signal }),
  /** a silence, over now */
  expireSilence: (id: string, body: {
    by?: string
  }, signal?: AbortSignal): Promise<SilenceJson> =>
    request('POST', `/v1/silences/${encodeURIComponent(id)}/expire`, { body, signal }),
  /** what each agent does now; filters: agent, env, limit */
  listLiveAgents: (query: { agent?: string | number | undefined; env?: string | number | undefined; limit?: string | number | undefined } = {}, signal?: AbortSignal): Promise<LiveAgentsResponse> =>
    request('GET', `/v1/agents/live`, { query, signal }),
  /** spans, bytes and what judges cost, by day and agent: from, to; all tenants: all */
  getUsage: (query: { from?: string | number | undefined; to?: string | number | undefined; all?: "true" | "false" | undefined } = {}, signal?: AbortSignal): Promise<UsageResponse> =>
    request('GET', `/v1/usage`, { query, signal }),
  /** which judge providers take calls */
  getJudging: (signal?: AbortSignal): Promise<JudgingResponse> =>
    request('GET', `/v1/judges`, { signal }),
  /** the definitions in force, compiled */
  getPlan: (signal?: AbortSignal): Promise<PlanResponse> =>
    request('GET', `/v1/plan`, { signal }),
  /** pages of the stored traces of a period: from, to, spans */
  listExportPages: (query: { from: string | number | undefined; to?: string | number | undefined; spans?: string | number | undefined }, signal?: AbortSignal): Promise<PagesResponse> =>
    request('GET', `/v1/export/pages`, { query, signal }),
  /** the traces of a page: from, to, fromTrace, toTrace, fields */
  exportTraces: (query: { from: string | number | undefined; to: string | number | undefined; fromTrace: string | number | undefined; toTrace?: string | number | undefined; fields?: string | number | undefined }, signal?: AbortSignal): Promise<PageTracesResponse> =>
    request('GET', `/v1/export/traces`, { query, signal }),
  /** the verdicts of a page: fromTrace, toTrace, evals */
  exportResults: (query: { fromTrace: string | number | undefined; toTrace?: string | number | undefined; evals: string | number | undefined }, signal?: AbortSignal): Promise<ResultsResponse> =>
    request('GET', `/v1/export/results`, { query, signal }),
  /** the packages that were pushed */
  listDefinitions: (signal?: AbortSignal): Promise<DefinitionsResponse> =>
    request('GET', `/v1/definitions`, { signal }),
  /** puts packages in force for every role */
  pushDefinitions: (body: {
    plan: unknown
    revision: string | null
    commit?: {
      revision: string
      author: string | null
      subject: string | null
    } | null
  }, signal?: AbortSignal): Promise<PushResponse> =>
    request('POST', `/v1/definitions`, { body, signal }),
  /** the release before, in force again */
  rollBackDefinitions: (packageName: string, signal?: AbortSignal): Promise<PushResponse> =>
    request('POST', `/v1/definitions/${encodeURIComponent(packageName)}/rollback`, { signal }),
  /** records that could not be used: state, limit */
  listDeadLetters: (query: { state?: "waiting" | "replayed" | "dropped" | "all" | undefined; limit?: string | number | undefined } = {}, signal?: AbortSignal): Promise<DeadLettersResponse> =>
    request('GET', `/v1/dead-letters`, { query, signal }),
  /** one of them, with the record itself */
  getDeadLetter: (id: string, signal?: AbortSignal): Promise<DeadLetterDetail> =>
    request('GET', `/v1/dead-letters/${encodeURIComponent(id)}`, { signal }),
  /** all that wait, on their topics again */
  replayDeadLetters: (signal?: AbortSignal): Promise<SettledDeadLetters> =>
    request('POST', `/v1/dead-letters/replay`, { signal }),
  /** all that wait, settled */
  dropDeadLetters: (signal?: AbortSignal): Promise<SettledDeadLetters> =>
    request('POST', `/v1/dead-letters/drop`, { signal }),
  /** records that the log itself cannot read, let go: source */
  skipRecords: (body: {
    source: string
  }, signal?: AbortSignal): Promise<SkippedRecords> =>
    request('POST', `/v1/dead-letters/skip`, { body, signal }),
  /** the record on its topic again */
  replayDeadLetter: (id: string, signal?: AbortSignal): Promise<DeadLetter> =>
    request('POST', `/v1/dead-letters/${encodeURIComponent(id)}/replay`, { signal }),
  /** the letter settled */
  dropDeadLetter: (id: string, signal?: AbortSignal): Promise<DeadLetter> =>
    request('POST', `/v1/dead-letters/${encodeURIComponent(id)}/drop`, { signal }),
  /** replays, newest first */
  listReplays: (signal?: AbortSignal): Promise<ReplaysResponse> =>
    request('GET', `/v1/replays`, { signal }),
  /** a replay of a period, queued; with dryRun what it would read */
  startReplay: (body: {
    from: string
    to?: string
    source?: "log" | "store"
    evals?: string[]
    plan?: unknown
    alerts?: boolean
    spansPerSecond?: number
    maxSpans?: number
    dryRun?: boolean
  }, signal?: AbortSignal): Promise<Replay> =>
    request('POST', `/v1/replays`, { body, signal }),
  /** one of them */
  getReplay: (run: string, signal?: AbortSignal): Promise<Replay> =>
    request('GET', `/v1/replays/${encodeURIComponent(run)}`, { signal }),
  /** its verdicts next to the live ones */
  compareReplay: (run: string, signal?: AbortSignal): Promise<ReplayComparison> =>
    request('GET', `/v1/replays/${encodeURIComponent(run)}/comparison`, { signal }),
  /** the replay stopped after its step */
  stopReplay: (run: string, signal?: AbortSignal): Promise<Replay> =>
    request('POST', `/v1/replays/${encodeURIComponent(run)}/stop`, { signal }),
  /** the replay under way again, from where it stopped */
  resumeReplay: (run: string, signal?: AbortSignal): Promise<Replay> =>
    request('POST', `/v1/replays/${encodeURIComponent(run)}/resume`, { signal }),
  /** the keys of the tenant, without the keys themselves */
  listKeys: (signal?: AbortSignal): Promise<KeysResponse> =>
    request('GET', `/v1/keys`, { signal }),
  /** a new key, shown this once */
  createKey: (body: {
    role: "ingest" | "viewer" | "deploy" | "editor" | "admin"
    name?: string
    tenant?: string
    expiresInDays?: number
  }, signal?: AbortSignal): Promise<CreatedKeyResponse> =>
    request('POST', `/v1/keys`, { body, signal }),
  /** the key is refused everywhere within seconds */
  revokeKey: (keyId: string, signal?: AbortSignal): Promise<Key> =>
    request('POST', `/v1/keys/${encodeURIComponent(keyId)}/revoke`, { signal }),
  /** who did what that only those in charge may do: limit */
  listAudit: (query: { limit?: string | number | undefined } = {}, signal?: AbortSignal): Promise<AuditResponse> =>
    request('GET', `/v1/audit`, { query, signal }),
  /** a trace, user or session erased; with dryRun what that would take */
  erase: (body: {
    trace?: string
    user?: string
    session?: string
    dryRun?: boolean
  }, signal?: AbortSignal): Promise<ErasureResponse> =>
    request('POST', `/v1/erasures`, { body, signal }),
  /** what checks of the store against the log found, newest first: limit */
  listIntegrityChecks: (query: { limit?: string | number | undefined } = {}, signal?: AbortSignal): Promise<IntegrityChecksResponse> =>
    request('GET', `/v1/integrity`, { query, signal }),
  /** a check of the days from, to; deep reads every record */
  checkIntegrity: (body: {
    from: string
    to: string
    deep?: boolean
  }, signal?: AbortSignal): Promise<VerifyReport> =>
    request('POST', `/v1/integrity/checks`, { body, signal }),
  /** a backup into a folder of this machine: to, tracesTo; one at a time */
  startBackup: (body: {
    to: string
    tracesTo?: string
  }, signal?: AbortSignal): Promise<Backup> =>
    request('POST', `/v1/backups`, { body, signal }),
  /** how far it is */
  getBackup: (id: string, signal?: AbortSignal): Promise<Backup> =>
    request('GET', `/v1/backups/${encodeURIComponent(id)}`, { signal }),
  /** the backup stopped; the same one goes on from there */
  stopBackup: (id: string, signal?: AbortSignal): Promise<Backup> =>
    request('POST', `/v1/backups/${encodeURIComponent(id)}/stop`, { signal }),
  /** signs a browser in: key */
  signIn: (body: {
    key: string
  }, signal?: AbortSignal): Promise<SessionInfo> =>
    request('POST', `/v1/session`, { body, signal }),
  /** who asks, and what they may do */
  getSession: (signal?: AbortSignal): Promise<SessionInfo> =>
    request('GET', `/v1/session`, { signal }),
  /** signs a browser out */
  signOut: (signal?: AbortSignal): Promise<{
    ended: true
  }> =>
    request('DELETE', `/v1/session`, { signal }),
  /** how people can sign in besides by a key */
  getSignIn: (signal?: AbortSignal): Promise<SignInWays> =>
    request('GET', `/v1/sign-in`, { signal }),
  /** sends a browser to the provider to sign in: to */
  startSignIn: (query: { to?: string | number | undefined } = {}, signal?: AbortSignal): Promise<string> =>
    request('GET', `/v1/sign-in/start`, { query, signal }),
  /** takes it back from there, signed in or told why not */
  finishSignIn: (signal?: AbortSignal): Promise<string> =>
    request('GET', `/v1/sign-in/callback`, { signal }),
  /** the state of each part, with counters */
  getHealth: (signal?: AbortSignal): Promise<Health> =>
    request('GET', `/health`, { signal }),
  /** what this process counts and measures, for Prometheus */
  getMetrics: (signal?: AbortSignal): Promise<string> =>
    request('GET', `/metrics`, { signal }),
  /** what this API takes and gives, as OpenAPI 3.1 */
  getDescription: (signal?: AbortSignal): Promise<Record<string, unknown>> =>
    request('GET', `/openapi.json`, { signal }),
  /** 200 when traces can be sent, else 503 */
  getReadiness: (signal?: AbortSignal): Promise<Health> =>
    request('GET', `/ready`, { signal }),
})
