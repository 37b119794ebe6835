/** What a file's patterns cost, taken together: bounds that no person's file comes near. */
import type { Module } from '../module.ts'
import { type RegexProblem, regexProblem, splitRegex } from '../regex.ts'
import { placesOf } from '../regex-size.ts'
import { isSlowOnHostileText } from '../regex-trial.ts'

/** Each is compiled when its evals come into force. */
const MAX_PATTERNS = 1_000
const MAX_PLACES = 100_000
/** A trial of a slow pattern takes a few hundredths of a second; after so many the file has been warned enough. */
const MAX_SLOW = 20

interface FilePatterns {
  readonly known: Set<string>
  places: number
  slow: number
}

const files = new WeakMap<Module, FilePatterns>()

function patternsOf(module: Module): FilePatterns {
  const found = files.get(module) ?? { known: new Set<string>(), places: 0, slow: 0 }
  files.set(module, found)
  return found
}

/** What is wrong with a regex as it is written in a file; null when nothing is. */
export function problemInFile(raw: string, module: Module): RegexProblem | null {
  const patterns = patternsOf(module)
  if (!patterns.known.has(raw)) {
    const places = placesOf(splitRegex(raw).source)
    if (patterns.known.size >= MAX_PATTERNS) return tooMany(raw, `more than ${MAX_PATTERNS} different patterns`)
    if (patterns.places + places > MAX_PLACES && patterns.known.size > 0)
      return tooMany(raw, `patterns of more than ${MAX_PLACES} characters together, counted repetitions included`)
    patterns.known.add(raw)
    patterns.places += places
  }
  return regexProblem(raw)
}

function tooMany(raw: string, what: string): RegexProblem {
  return {
    code: 'E0308',
    message: `this file has ${what}`,
    start: 0,
    end: raw.length,
    notes: ['split the file, or join patterns with `|`'],
  }
}

/** Standard packs are exempt: their patterns are reviewed, and do not run on RE2. */
export function isSlowInFile(raw: string, module: Module): boolean {
  const patterns = patternsOf(module)
  if (module.path.startsWith('assay:') || patterns.slow >= MAX_SLOW) return false
  const { source, flags } = splitRegex(raw)
  const slow = isSlowOnHostileText(source, flags.includes('i'))
  if (slow) patterns.slow++
  return slow
}
