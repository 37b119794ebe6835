/**
 * 09xx: parts of the language that this version does not have. What would change a verdict is refused; what compiles and has
 * no effect is warned of. Nothing is dropped silently. Codes of the past, never given again: E0901, E0902, E0903, W0904.
 */
export const LATER_STORIES = {
  W0905: {
    title: 'a rule that this version compiles and does not run',
    story: `It is checked and stands in the plan, so that the file can stay as it is. A scorecard with quantiles, or with rows
by other labels than agent.name and env, is never sent until a version runs it. The worker of offline evals leaves out sessions, and says so. Alerts run, all of them.`,
    example: `package shop
offline eval resolved {
  every:    day at 06:00 in "UTC"
  sample:   50 of session over 24h
  judge:    "openai/gpt-5-mini"
  show:     agent.name
  scale:    1 to 5
  rubric:   """
    5  Solved.
    1  Not solved.
    """
  pass:     score >= 4
  missing:  unknown
}
`,
  },
} as const
