export interface ApiSearch {
  /** An operation's id. */
  readonly op?: string
  readonly find?: string
}

export function parseApiSearch({ op, find }: Record<string, unknown>): ApiSearch {
  return {
    ...(typeof op === 'string' && op !== '' && { op }),
    ...(typeof find === 'string' && find !== '' && { find }),
  }
}
