/**
 * 09xx: parts of the language that this version does not have. What would change a verdict is refused; what compiles and has
 * no effect is warned of. Nothing is dropped silently. Codes of the past, never given again: E0901, E0902, E0903, W0904.
 */
export const LATER_STORIES = {
  W0905: {
    title: 'a rule that this version compiles and does not run',
    story: `It is checked and stands in the plan, so that the file can stay as it is. A scorecard with quantiles, or with rows
by other labels than agent.name and env, is never sent until a version runs it. All else runs.`,
    example: `package shop
online eval fast {
  on:       trace
  score:    duration
  pass:     score < 8s
}
scorecard weekly {
  every:    monday at 09:00 in "UTC"
  over:     7d vs 7d
  row:      p95(fast)
}
`,
  },
} as const
