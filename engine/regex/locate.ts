import { type ChecksumName, passesCheck } from './checksum.ts'
import type { TextRange } from './matcher.ts'

/** What an engine found: the whole match, and in it the value; `value` is null where the match is of a look-alike's branch. */
export interface EngineMatch {
  end: number
  value: TextRange | null
}

/** The first match that starts at `from` or later; null when there is none. */
export type Exec = (text: string, from: number) => EngineMatch | null

/**
 * Walks a text's matches. The same for both engines, so that they agree on everything but speed:
 * - a pattern without a group named `value…` matches as a whole; with one, the group is the match and the rest is context,
 *   and a match in which no such group took part is a look-alike, consumed without counting;
 * - a value that fails its checksum does not count, and the search goes on one character after its start, because the real
 *   one may begin within it (`order 5123 4111 1111 1111 1111`);
 * - an empty match is none.
 *
 * `visit` returns false to stop. When `maxSteps` engine calls were not enough to see the whole text, the rest of it is
 * visited as one last range, since what was not looked at can't be cleared.
 */
export function locate(
  exec: Exec,
  text: string,
  check: ChecksumName | null,
  maxSteps: number,
  visit: (range: TextRange) => boolean,
): void {
  let from = 0
  for (let step = 0; from <= text.length; step++) {
    if (step >= maxSteps) {
      visit({ start: from, end: text.length })
      return
    }
    const match = exec(text, from)
    if (match === null) return
    const { value } = match
    if (value === null || value.end === value.start) {
      from = Math.max(match.end, from + 1)
    } else if (passesCheck(check, text.slice(value.start, value.end))) {
      if (!visit(value)) return
      from = value.end
    } else {
      from = value.start + 1
    }
  }
}

/** Group names whose participation makes a value: `value`, `value2`, … */
export const VALUE_GROUP = /^value\d*$/
