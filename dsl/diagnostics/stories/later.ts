/**
 * 09xx: parts of the language that this version does not have. What would change a verdict is refused; what compiles and has
 * no effect is warned of. Nothing is dropped silently.
 */
export const LATER_STORIES = {
  E0901: {
    title: 'a clause that is not supported yet',
    story: `The clause is part of the language, and this version does not compile it. It is refused, because a rule that silently does
less than it says is worse than none.`,
    example: `package shop
online eval fast {
  on:   trace
  pass: duration <= 8s
}
alert slow {
  on:           fast
  when:         count(fail) >= 1 over 10m
  severity:     page
  false_alarms: 5% per 30d
}
`,
  },
  E0902: {
    title: 'a declaration that is not supported yet',
    story: `define, template and scorecard are part of the language, and this version does not compile them.`,
    example: `package shop
scorecard weekly {
  every: monday at 09:00 in "Europe/London"
  row:   pass_rate(fast)
}
`,
  },
  E0903: {
    title: 'a form that is not supported yet',
    story: `This form of the clause is part of the language, and this version does not compile it: sessions, alerts by group, alerts on
means and regressions, other panels than take mean.`,
    example: `package shop
online eval fast {
  on:   trace
  pass: duration <= 8s
}
alert slow {
  on:       fast by agent.version
  when:     count(fail) >= 1 over 10m
  severity: page
}
`,
  },
  W0904: {
    title: 'a part that has no effect in this version yet',
    story: `It is part of the language and compiles, so that the file can stay as it is, but this version does not act on it:

  sample: … by FIELD                the strata are not drawn: the sample is uniform over all that match, whatever the field is.
                                    A rare group may be drawn seldom or not at all. For a fixed number of one group, write
                                    an eval of its own with that group in its "where".
  notify: pagerduty(…), webhook(…)  the message is printed where Assay runs, and not delivered. slack(…) is.`,
    example: `package shop
offline eval helpful {
  every:   day at 06:00 in "Europe/London"
  sample:  200 of trace where env == "prod" over 24h by agent.version
  judge:   "openai/gpt-5-mini"
  show:    output.text
  scale:   1 to 5
  rubric:  "5 solved, 1 not"
  pass:    score >= 4
  missing: unknown
}
alert unhelpful {
  on:       helpful
  when:     rate(fail) > 5% over 24h
  severity: page
  notify:   slack("#shop"), pagerduty("shop"), webhook("https://example.com/hook")
}
`,
  },
} as const
