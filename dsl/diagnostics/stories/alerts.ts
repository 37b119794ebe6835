/** E05xx: alerts and scorecards. */
const FAST = `package shop
online eval fast {
  on:    trace
  score: duration
  pass:  score <= 8s
}
`

function alert(clauses: Record<string, string>): string {
  const all = { on: 'fast', when: 'count(fail) >= 1 over 10m', severity: 'page', ...clauses }
  const lines = Object.entries(all).map(([key, value]) => `  ${`${key}:`.padEnd(9)} ${value}`)
  return `${FAST}alert slow {\n${lines.join('\n')}\n}\n`
}

export const ALERT_STORIES = {
  E0501: {
    title: 'an alert on a name with two meanings',
    story: `An alert watches an eval's verdicts, or the subjects of a scope. Evals and scopes have name spaces of their own, so that one name may
stand for both; for an alert it would not be clear which is meant.`,
    example: `${alert({})}scope fast = trace where duration < 1s
`,
  },
  E0502: {
    title: 'a length of time out of bounds',
    story: `A window is from 1s to 30d long, what a regression is compared to from 1d to 90d, what an anomaly is compared to from 2w
to 12w, as it looks at the same hours of the week. A window has to be kept in memory, and a reference of a few hours says little of
what is usual.`,
    example: alert({ when: 'count(fail) >= 1 over 90d' }),
  },
  E0503: {
    title: 'a budget of false alarms that does not work',
    story: `false_alarms: 5% per 30d is the chance of any false alarm in that time, however often the alert is looked at. It belongs to alerts that
decide by statistics: regresses, rises, falls, is anomalous. A threshold fires when it holds. A file may say default false_alarms: 5%
per 30d: one budget for all such alerts of its package that say nothing themselves. Without either it is 5% per 30d for each.`,
    example: alert({ false_alarms: '5% per 30d' }),
  },
  E0504: {
    title: 'a change or an anomaly that cannot be watched',
    story: `A change is written mean(score) regresses by 0.3 vs 14d: by how much at least, and against the time before. Which way is worse follows
from pass: score >= 4 says that more is better; of a scope less of a duration, of cost and of tokens. Where nothing tells, write
rises by or falls by. Percentages differ by points, 2pp; other values may also change by a part of themselves, 20%. What can be watched are
rates, coverage, quantiles, and means of scores with bounds: counts follow the traffic, and a mean without bounds is moved by a
single outlier. An anomaly is written p95(score) is anomalous over 1h vs 4w.`,
    example: alert({ when: 'mean(score) regresses by 1s vs 14d' }),
  },
  E0505: {
    title: 'too many values to group by',
    story: `Each value that is met becomes an alert of its own, or a line of the scorecard. Fields of few values can be used, such as agent.version,
env or model, and attributes of your own that are a string, bool or int; not ids, users, texts and numbers.`,
    example: alert({ on: 'fast by session.id' }),
  },
  E0506: {
    title: 'a row that does not work',
    story: `A row: of a scorecard has numbers of evals: pass_rate, fail_rate, unknown_rate, error_rate, coverage and count of any; mean, p50, p95
and p99 of those with a score; spend of those with a judge. by agent.version divides the whole row, which then is about one kind of subject.`,
    example: `package shop
online eval polite {
  on:   trace
  pass: duration <= 8s
}
scorecard weekly {
  every: monday at 09:00 in "Europe/London"
  over:  7d vs 7d
  row:   pass_rate(polite), mean(polite)
}
`,
  },
} as const
