/** UTF-16 code units, end exclusive. */
export interface TextRange {
  start: number
  end: number
}

/** One pattern, checksum included. */
export interface PatternMatcher {
  test(text: string): boolean
  /** Non-overlapping, in order of their starts. */
  find(text: string): TextRange[]
}

export interface PatternMatch {
  /** The pattern's qualified name, `PatternPlan.name`. */
  pattern: string
  /** UTF-16 code units into the text, end exclusive. */
  start: number
  end: number
}

/** Some patterns of a set which are asked together, as in `matches any [a, b]`; made by `PatternSet.group`. */
export interface PatternGroup {
  readonly indices: readonly number[]
}
