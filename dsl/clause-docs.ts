/** What each clause is and takes, for completion, hover and the reference. `clauses.ts` says which belong to what. */

/** How the value of a clause is written. */
export type ClauseForm =
  | 'scope'
  | 'rule'
  | 'schedule'
  | 'sample'
  | 'judge'
  | 'when'
  | 'policy'
  | 'expression'
  | 'text'
  | 'fields'
  | 'words'
  | 'receivers'
  | 'duration'
  | 'row'
  | 'other'

export interface ClauseDoc {
  readonly form: ClauseForm
  readonly doc: string
  /** What stands behind the colon, with the places to fill in: `<what>`, `<one|of>`. */
  readonly snippet: string
  /** What its value may be, or begin with. */
  readonly words?: readonly string[]
}

const DOCS: Readonly<Record<string, ClauseDoc>> = {
  title: { form: 'text', doc: 'One line that says what is checked, for reports and alerts.', snippet: '"<>"' },
  owner: { form: 'text', doc: 'Who answers for it, such as `"@checkout"`.', snippet: '"@<>"' },
  was: { form: 'other', doc: 'The name that it had before: its history is kept under the new one.', snippet: '<>' },
  mode: {
    form: 'words',
    doc: '`shadow`: computed, stored and shown, but notifies nobody and gates nothing. `live` is the default.',
    snippet: '<shadow|live>',
    words: ['live', 'shadow'],
  },
  on: {
    form: 'scope',
    doc: 'What it looks at: a subject or a scope, `in` a scope of traces, `where` a condition holds. One verdict each.',
    snippet: '<trace>',
  },
  score: {
    form: 'expression',
    doc: 'A number that is measured, charted and averaged. `pass:` can read it as `score`.',
    snippet: '<>',
  },
  pass: { form: 'expression', doc: 'The condition that has to hold.', snippet: '<>' },
  missing: {
    form: 'policy',
    doc: 'What the verdict is when a field that is read was not sent: `unknown` leaves the pass rate and lowers coverage, `fail` fails, `pass because "…"` passes for a reason.',
    snippet: '<unknown|fail>',
    words: ['unknown', 'fail', 'pass because "…"'],
  },
  redact: {
    form: 'fields',
    doc: "Texts in which what the eval's patterns matched is masked before it is stored.",
    snippet: '<output.text>',
  },
  every: {
    form: 'schedule',
    doc: 'When it runs: `hour`, `day` or a weekday `at` a time, or `cron "…"`, `in` a time zone.',
    snippet: 'day at <06:00> in "<UTC>"',
    words: ['hour', 'day', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday', 'cron "…"'],
  },
  missed: {
    form: 'words',
    doc: 'Which of the slots that passed while nothing ran are made up for: the `latest` (the default), `all` of them (24 at most), or `none`.',
    snippet: '<latest|all|none>',
    words: ['latest', 'all', 'none'],
  },
  sample: {
    form: 'sample',
    doc: 'What is judged: so many, or `all`, of a scope, over the time that it looks back. `, half flagged`: half of them where an online eval failed or a panel disagreed.',
    snippet: '<200> of <trace> over <24h>',
  },
  judge: {
    form: 'judge',
    doc: 'The model that judges, as `"provider/model"`; `or else` names one that stands in, several are a panel: `"a/x", "b/y" take mean`.',
    snippet: '"<openai/gpt-5-mini>"',
  },
  show: {
    form: 'fields',
    doc: "What the judge sees: fields of the subject, and of the trace's spans.",
    snippet: '<input.text>, <output.text>',
  },
  scale: {
    form: 'other',
    doc: 'The scores that the judge can give, from the worst to the best.',
    snippet: '<1> to <5>',
  },
  rubric: { form: 'text', doc: 'What each score means, in words.', snippet: '"""\n  <>\n  """' },
  metric: {
    form: 'other',
    doc: 'A ready-made measure in place of `judge:`, `show:`, `scale:` and `rubric:`.',
    snippet: '<>',
  },
  proxy: {
    form: 'other',
    doc: 'A metric without a judge that stands in where no judge can be reached. Its scores are a series of their own.',
    snippet: '<token_f1>(<answer: output.text, reference: input.text>)',
  },
  labels: {
    form: 'text',
    doc: "A file of human scores of some traces: the mean is corrected for the judge's bias.",
    snippet: '"<labels.jsonl>"',
  },
  budget: { form: 'other', doc: 'The most that its judging may cost.', snippet: '<3 USD> per run' },
  when: {
    form: 'when',
    doc: 'When it fires: `count(fail) >= 1 over 10m`, `mean(score) regresses by 0.3 vs 14d`, `p95(duration) is anomalous over 1h vs 4w`.',
    snippet: 'count(<fail>) >= <1> over <10m>',
  },
  for: { form: 'duration', doc: 'How long the condition must hold before it fires.', snippet: '<10m>' },
  severity: {
    form: 'words',
    doc: '`page` wakes somebody, `ticket` is for working hours, `info` is to know.',
    snippet: '<page|ticket|info>',
    words: ['page', 'ticket', 'info'],
  },
  notify: { form: 'receivers', doc: 'Who is told.', snippet: 'slack("#<channel>")' },
  no_data: {
    form: 'policy',
    doc: 'What silence means, and a number without a value: `keep` the state (the default), `ok`, or `fire after 30m`.',
    snippet: 'fire after <30m>',
    words: ['keep', 'ok', 'fire after 30m'],
  },
  false_alarms: {
    form: 'other',
    doc: 'The chance of any false alarm in a period, however often it is looked at: `5% per 30d`.',
    snippet: '<5%> per <30d>',
  },
  over: {
    form: 'duration',
    doc: 'The time that it tells of; after `vs` the time before that it is compared to.',
    snippet: '<7d> vs <7d>',
  },
  row: {
    form: 'row',
    doc: 'Numbers of evals, such as `pass_rate(fast), mean(helpful) by agent.version`. Several rows stand one below the other.',
    snippet: 'pass_rate(<eval>), coverage(<eval>)',
  },
}

/** Where one key means another thing. */
const OF_KIND: Readonly<Record<string, Readonly<Record<string, ClauseDoc>>>> = {
  alert: {
    on: {
      form: 'rule',
      doc: 'The eval whose verdicts it watches, or a scope; `by agent.version` makes an alert of each value.',
      snippet: '<>',
    },
  },
}

/** Null: nothing is written of that clause. */
export function clauseDoc(kind: string, key: string): ClauseDoc | null {
  return OF_KIND[kind]?.[key] ?? DOCS[key] ?? null
}
