/** The registry of codes. A code is never given another meaning, and never reused. */
import { ALERT_STORIES } from './stories/alerts.ts'
import { COST_STORIES } from './stories/cost.ts'
import { LATER_STORIES } from './stories/later.ts'
import { NAME_STORIES } from './stories/names.ts'
import { PATTERN_STORIES } from './stories/patterns.ts'
import { RULE_STORIES } from './stories/rules.ts'
import { SYNTAX_STORIES } from './stories/syntax.ts'
import { TEST_FILE_STORIES } from './stories/test-files.ts'
import { TYPE_STORIES } from './stories/types.ts'

export type Severity = 'error' | 'warning'

export interface CodeStory {
  readonly title: string
  /** The long story of `assay explain`. */
  readonly story: string
  /** A file that has it; empty for what is not in a file's text. `./other.eval` is `OTHER_EXAMPLE`. */
  readonly example: string
}

export const CODES = {
  ...SYNTAX_STORIES,
  ...NAME_STORIES,
  ...TYPE_STORIES,
  ...PATTERN_STORIES,
  ...RULE_STORIES,
  ...TEST_FILE_STORIES,
  ...ALERT_STORIES,
  ...COST_STORIES,
  ...LATER_STORIES,
} satisfies Record<string, CodeStory>

export type Code = keyof typeof CODES

/** What the examples import as `./other.eval`. */
export const OTHER_EXAMPLE = `package shop
online eval fast {
  on:   trace
  pass: duration <= 5s
}
`

/**
 * Errors that are judgement calls, and leave a plan: `# assay-allow` may keep them, as it may every warning. What has no plan
 * cannot be allowed.
 */
export const ALLOWABLE_ERRORS: ReadonlySet<Code> = new Set<Code>(['E0214'])

export function mayAllow(code: Code): boolean {
  return severityOf(code) === 'warning' || ALLOWABLE_ERRORS.has(code)
}

export function isCode(text: string): text is Code {
  return Object.hasOwn(CODES, text)
}

export function severityOf(code: Code): Severity {
  return code.startsWith('E') ? 'error' : 'warning'
}
