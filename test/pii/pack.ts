import { readFileSync } from 'node:fs'
import type { Plan } from '../../dsl/plan.ts'
import { compileProject } from '../../dsl/project.ts'

/** The PII pack as it is shipped, compiled. Throws when it does not check. */
export function compilePack(): Plan {
  const text = readFileSync(new URL('../../evals/pii.eval', import.meta.url), 'utf8')
  const { plan, diagnostics } = compileProject({ files: [{ path: 'assay:pii', text }], readImport: () => null })
  if (plan === null) throw new Error(diagnostics.map(({ line, message }) => `${line}: ${message}`).join('\n'))
  return plan
}
