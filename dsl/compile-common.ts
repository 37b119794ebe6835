/** What online and offline evals have in common: title, owner, mode, and the `missing:` policy with its two checks. */
import type { Clauses } from './clauses.ts'
import { reportWord } from './clauses.ts'
import { type MissingCause, UNKNOWABLE } from './elaborate/context.ts'
import { literalValue } from './literals.ts'
import { removal } from './machine-fix.ts'
import type { Module } from './module.ts'
import type { MissingPolicy } from './plan.ts'
import type { BlockDecl, PolicyNode } from './syntax/ast.ts'
import { causesAt } from './typed.ts'

export interface Heading {
  id: string
  name: string
  package: string
  title: string | null
  owner: string | null
  mode: 'live' | 'shadow'
  file: string
  line: number
}

export function headingOf(decl: BlockDecl, clauses: Clauses, module: Module): Heading {
  return {
    id: `${module.packageName}/${decl.name.text}`,
    name: decl.name.text,
    package: module.packageName,
    title: clauses.text('title'),
    owner: clauses.text('owner'),
    mode: clauses.word('mode', ['live', 'shadow'], 'live') ?? 'live',
    file: module.path,
    line: module.reporter.source.position(decl.span.start).line,
  }
}

/** `unknown`, `fail`, or `pass because "…"`; null when in error (told). */
export function missingPolicy(node: PolicyNode, module: Module): MissingPolicy | null {
  const { reporter } = module
  const because = node.because
  if (node.word.text === '') return null
  if (node.word.text === 'unknown' || node.word.text === 'fail') {
    if (because !== null)
      reporter.report('E0112', because.span, `\`${node.word.text}\` needs no reason`, { label: 'leave it out' })
    return { kind: node.word.text }
  }
  if (node.word.text !== 'pass') {
    const word = { kind: 'path' as const, path: node.word.text, span: node.word.span }
    reportWord(reporter, 'missing', word, ['unknown', 'fail', 'pass because "…"'])
    return null
  }
  const reason = because?.kind === 'literal' ? literalValue(because) : null
  if (typeof reason?.value === 'string' && reason.value.trim() !== '') return { kind: 'pass', because: reason.value }
  if (because?.kind !== 'error')
    reporter.report('E0112', because?.span ?? node.word.span, 'passing what was not seen needs a reason', {
      label: 'write `pass because "…"`',
      notes: ['who reads the verdict sees the reason beside it'],
    })
  return null
}

/**
 * The policy of an eval that may come out unknown for `causes`; null when it cannot. The clause is required exactly then;
 * otherwise it is flagged as dead.
 */
export function checkMissing(
  decl: BlockDecl,
  clauses: Clauses,
  module: Module,
  causes: readonly MissingCause[],
  always: string | null,
): MissingPolicy | null {
  const clause = clauses.clause('missing')
  const node = clauses.value('missing', 'policy')?.node ?? null
  const policy = node === null ? null : missingPolicy(node, clauses.home('missing', module))
  if (causes.includes(UNKNOWABLE)) return policy
  const decidable = causes.length === 0 && always === null
  if (clause !== null && decidable) {
    clauses
      .home('missing', module)
      .reporter.report('W0208', clause.key.span, `\`${decl.name.text}\` is always decided: \`missing:\` says nothing`, {
        label: 'never used',
        notes: ['every field that it reads is always there'],
        fix: removal(module.reporter.source, clause.span, 'missing: …'),
      })
    return null
  }
  if (decidable) return null
  if (clause !== null) return policy
  if (module.defaultMissing !== null) return missingPolicy(module.defaultMissing, module)
  // What is missing in a template is told where the template is used.
  reportUndecided(decl, module, clauses.isInherited('pass') ? causesAt(causes, decl.name.span) : causes, always)
  return null
}

function reportUndecided(
  decl: BlockDecl,
  module: Module,
  causes: readonly MissingCause[],
  always: string | null,
): void {
  const [cause] = causes
  const more = new Set(causes.map((other) => other.key)).size - 1
  module.reporter.report(
    'E0207',
    cause?.span ?? decl.name.span,
    `\`${decl.name.text}\` can be undecided, but does not say what then`,
    {
      label: cause === undefined ? (always ?? '') : `may be missing: ${cause.why}`,
      notes:
        more > 0
          ? [
              `so may ${[...new Set(causes.map((other) => other.key))]
                .slice(1, 6)
                .map((key) => `\`${key}\``)
                .join(', ')}`,
            ]
          : [],
      fix: {
        applicability: 'choice',
        title: 'add one of',
        options: [
          { text: 'missing: unknown', comment: 'leaves the pass rate, lowers coverage' },
          { text: 'missing: fail', comment: 'what was not seen fails' },
          { text: 'missing: pass because "…"', comment: 'what was not seen passes, for a reason' },
        ],
      },
    },
  )
}
