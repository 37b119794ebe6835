/** E04xx: alerts, schedules, judges and tests. */
const FAST = `package shop
online eval fast {
  on:   trace
  pass: duration <= 8s
}
`
function offline(clauses: Record<string, string | null>): string {
  const all = {
    every: 'day at 06:00 in "UTC"',
    sample: '10 of trace over 24h',
    judge: '"openai/gpt-5-mini"',
    show: 'output.text',
    scale: '1 to 5',
    rubric: '"5 is solved, 1 is not."',
    pass: 'score >= 4',
    missing: 'unknown',
    ...clauses,
  }
  const lines = Object.entries(all)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `  ${`${key}:`.padEnd(9)}${value}`)
  return `package shop\noffline eval helpful {\n${lines.join('\n')}\n}\n`
}

function metric(call: string, judge: string | null = null): string {
  return offline({ judge, show: null, scale: null, rubric: null, metric: call, pass: 'score >= 90%' })
}

export const RULE_STORIES = {
  E0401: {
    title: 'an alert does not fire on this',
    story: `An alert looks at one number over a window. Of an eval: count(fail), rate(fail), pass_rate, coverage, mean(score), p95(score). Of a scope:
count(trace), rate(status == "error"), error_rate, p95(duration), sum(llm_call.cost). It fires when that is beyond a threshold (< <= > >=),
when it regresses by an amount, or when it is anomalous: count(fail) >= 1 over 10m; mean(score) regresses by 0.3 vs 14d; p95(duration) is
anomalous over 1h vs 4w. A rate of pass or fail is of the decided: pass + fail.`,
    example: `${FAST}alert slow {
  on:       fast
  when:     count(fail) == 5 over 10m
  severity: page
}
`,
  },
  E0402: {
    title: 'an unknown receiver',
    story: `Receivers are slack("#channel"), pagerduty("service"), webhook("https://…"), teams("name"), email("a@example.com") and
alertmanager("name"). Their secrets stand in the configuration, never in an .eval file.`,
    example: `${FAST}alert slow {
  on:       fast
  when:     count(fail) >= 1 over 10m
  severity: page
  notify:   slakc("#shop")
}
`,
  },
  E0403: {
    title: 'a schedule that does not work',
    story: `every: takes hour, day, a weekday, or cron "…"; day and weekdays take a time: day at 06:00 in "Europe/London".`,
    example: offline({ every: 'day at 25:00 in "UTC"' }),
  },
  E0404: {
    title: 'a schedule without a time zone',
    story: `A schedule names its zone, so that it means the same on every machine. A place ("Europe/London") follows its summer time,
"UTC" has none.`,
    example: offline({ every: 'day at 06:00' }),
  },
  E0405: {
    title: 'a cron expression that does not work',
    story: `Five fields: minute, hour, day of month, month, day of week (0 and 7 are Sunday), each *, a number, a range, a list or a
step. Seconds and nicknames such as @daily are not understood.`,
    example: offline({ every: 'cron "0 */6 * *" in "UTC"' }),
  },
  E0406: {
    title: 'a sample that cannot be drawn',
    story: `A sample is of at least one subject over some time. It is divided into groups by names and versions (agent.version), not by
numbers or long texts.`,
    example: offline({ sample: '0 of trace over 24h' }),
  },
  E0407: {
    title: 'a judge or scale that does not work',
    story: `A judge is "provider/model". One that stands in when the first cannot be reached follows or else; several that judge
together are a panel, "a/x", "b/y" take mean (or median, or majority: what more than half of them say). One model has one voice there, whichever providers it is named by. A scale has whole numbers and runs upwards: 1 to 5.`,
    example: offline({ judge: '"gpt-5-mini"' }),
  },
  W0430: {
    title: 'a judge of the family of what it judges',
    story: `A model judges answers of its own family more kindly than others do. Where the sample itself says which models answer, a judge of the
same family is warned of, and so is one that a test gives a trace of such models; where only the stored traces say it, the run is. Name a judge of another family, or hold the judge to labels of people: assay label.`,
    example: offline({ sample: '10 of llm_call where model == "gpt-5" over 24h' }),
  },
  E0408: {
    title: 'an empty rubric',
    story: `The rubric is all that the judge knows of what is good. Say for each score what has to be the case.`,
    example: offline({ rubric: '""' }),
  },
  E0409: {
    title: 'an alert watches one eval or scope',
    story: `on: of an alert names an eval, all verdicts of which count: what should not count is left out by the eval's own on:. Or it is a scope, as
for an eval, whose subjects are looked at themselves.`,
    example: `${FAST}alert slow {
  on:       fast where env == "prod"
  when:     count(fail) >= 1 over 10m
  severity: page
}
`,
  },
  E0411: {
    title: 'like a test that does not exist',
    story: `given like "…" takes what another test of the same file gives, and may change fields of it.`,
    example: `${FAST}test "slow" {
  given trace { duration: 9s }
  expect fast: fail
}
test "quick" {
  given like "slowly" { duration: 1s }
  expect fast: pass
}
`,
  },
  E0412: {
    title: 'tests that are like each other in a circle',
    story: `One of them has to give a trace of its own.`,
    example: `${FAST}test "slow" {
  given like "slow"
  expect fast: fail
}
`,
  },
  E0413: {
    title: 'a fixture that no trace could be',
    story: `A fixture has the fields of its subject, with values of their types: duration: 9.2s, status: "error", documents: [{ id: "a"
text: "…" }]. missing stands for what was not sent; what is always sent cannot be missing. start is given as the time since the
trace began. Spans stand side by side.`,
    example: `${FAST}test "slow" {
  given trace { duration: 9 }
  expect fast: fail
}
`,
  },
  E0414: {
    title: 'an unknown eval or alert in a test',
    story: `A test names evals and alerts of its file, or of an import: expect latency.fast: fail.`,
    example: `${FAST}test "slow" {
  given trace { duration: 9s }
  expect fats: fail
}
`,
  },
  E0415: {
    title: 'an expectation or a stream that does not work',
    story: `An eval's verdict may have a because: a field or a text. An alert's state may have a time: firing at 10m. A stream of
verdicts says how far they are apart: given fast: pass x 9, fail x 1 each 1m.`,
    example: `${FAST}test "slow" {
  given trace { duration: 9s }
  expect fast: fail at 10m
}
`,
  },
  E0416: {
    title: 'a test that tests nothing',
    story: `A test gives one trace (or what a judge returns, or a stream of verdicts) and expects something of it. One without would
pass for ever.`,
    example: `${FAST}test "slow" {
  given trace { duration: 9s }
}
`,
  },
  E0417: {
    title: 'a judge does not return this',
    story: `given helpful judge returns 3 answers in place of the judge of an offline eval: a score of its scale, abstain, or error.`,
    example: `${offline({})}test "generous" {
  given trace { output.text: "Done." }
  given helpful judge returns 9
  expect helpful: fail
}
`,
  },
  E0421: {
    title: 'a metric that cannot be measured here',
    story: `metric: takes one of the metrics of the reference with its arguments, of a subject that has what it looks at:
faithfulness(answer: output.text, context: retrieval.documents) of traces, context_relevance(query: query.text, documents:
documents) of retrievals.`,
    example: metric('faithfullness(answer: output.text, context: retrieval.documents)'),
  },
  E0422: {
    title: 'wrong arguments of a metric',
    story: `A metric's arguments have names, in any order. Texts are fields of the subject or expressions that give a text, documents
are retrieval.documents of a trace or documents of a retrieval, and what has a default may be left out.`,
    example: metric('faithfulness(answer: output.text, contexts: retrieval.documents)'),
  },
  E0423: {
    title: 'a budget that does not work',
    story: `A budget bounds what the judges of one eval cost: 3 USD per run, 60 USD per month, or one of the two.`,
    example: offline({ budget: '3 USD per week' }),
  },
  E0424: {
    title: 'a clause that a metric does not take',
    story: `An eval is scored by a metric, or by a judge with a rubric. A metric knows what it shows to its judge and on which scale:
show:, scale: and rubric: belong to the other way. Metrics that ask no judge take no judge: either, and no
proxy:, which stands in for judges that cannot be reached. A proxy asks no judge itself, and gives a ratio.`,
    example: metric('token_f1(answer: output.text, reference: attr("shop.expected", string))', '"openai/gpt-5-mini"'),
  },
} as const
