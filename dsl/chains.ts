/** Definitions that lead to other definitions. Each step costs the checker some of its stack, so there is a bound. */
import type { Reporter } from './diagnostics/reporter.ts'
import type { Span } from './source.ts'

export const MAX_CHAIN = 32

export function reportLongChain(what: string, span: Span, reporter: Reporter): void {
  reporter.report('E0020', span, `${what} is in a chain of more than ${MAX_CHAIN}, each of which asks for the next`, {
    label: 'too far',
    notes: ['say some of them in one'],
  })
}
