import type { EvalPlan } from '../../dsl/plan.ts'
import type { Verdict } from '../model/result.ts'
import { compilePatterns } from '../regex/patterns.ts'
import { createCompiler } from './compile.ts'
import { createContext } from './context.ts'
import { decide } from './verdict.ts'

/**
 * What an eval whose `pass:` reads the score alone says of a score, in the plan's unit. Throws for an eval that reads more: there is
 * no subject here.
 */
export function compileScoreVerdict({ id, pass, missing }: EvalPlan): (score: number) => Verdict {
  const verdictOf = (): never => {
    throw new RangeError(`${id}: a score alone does not decide it`)
  }
  const compiler = createCompiler({
    arrival: false,
    patterns: compilePatterns([]),
    verdictOf,
    score: 'given',
    level: 'trace',
  })
  const truth = compiler.truth(pass)
  const context = createContext()
  return (score) => {
    context.score = score
    return decide(truth(context), context.why, missing).verdict
  }
}
