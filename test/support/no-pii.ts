import { compilePatterns } from '../../engine/regex/patterns.ts'
import type { PiiPatterns } from '../../engine/testing/redact-text.ts'

/** In the place of the standard pack, where nothing personal is in the tests. */
export function noPii(): PiiPatterns {
  const patterns = compilePatterns([])
  return { patterns, group: patterns.group([]) }
}
