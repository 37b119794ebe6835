/** E09xx: parts of the language that this version does not compile. They are refused, never silently dropped. */
export const LATER_STORIES = {
  E0901: {
    title: 'a clause that is not supported yet',
    story: `The clause is part of the language, and this version does not compile it. It is refused, because a rule that silently does
less than it says is worse than none.`,
    example: `package shop
online eval fast {
  was:  quick
  on:   trace
  pass: duration <= 8s
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
} as const
