/** The standard pack of personal data, for what the command line shows and writes of stored texts. */
import { join } from 'node:path'
import { maskWith } from '../engine/evaluate/explain/explain-eval.ts'
import { compilePatterns } from '../engine/regex/patterns.ts'
import type { PiiPatterns } from '../engine/testing/redact-text.ts'
import { loadEvals } from './load-evals.ts'
import { packFolder } from './pack-folder.ts'

export interface ShownPii extends PiiPatterns {
  /** All matches as hints. */
  readonly mask: (text: string) => string
}

export function loadPii(): ShownPii {
  const { plan } = loadEvals([join(packFolder, 'pii.eval')])
  if (plan === null) throw new Error('the standard pack of personal data does not check')
  const patterns = compilePatterns(plan.patterns)
  const group = patterns.group(plan.patterns.map((_, index) => index))
  return { patterns, group, mask: maskWith(patterns, plan) }
}
