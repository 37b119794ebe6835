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
