/** `and`, `or`, `not`: Kleene's strong three-valued logic. */
import type { Expr } from '../../dsl/plan.ts'
import type { Reason } from '../model/result.ts'
import type { Compiler } from './compiler.ts'
import type { TruthFn } from './context.ts'
import { FALSE, stronger, TRUE, type Truth, truthOf, UNKNOWN } from './truth.ts'

/** False if any is false, else unknown if any is unknown; every unknown operand takes part in choosing the reason. */
export function compileAnd(args: readonly Expr[], compiler: Compiler): TruthFn {
  return decidedBy(FALSE, TRUE, args, compiler)
}

/** True if any is true, else unknown if any is unknown. */
export function compileOr(args: readonly Expr[], compiler: Compiler): TruthFn {
  return decidedBy(TRUE, FALSE, args, compiler)
}

function decidedBy(deciding: Truth, otherwise: Truth, args: readonly Expr[], compiler: Compiler): TruthFn {
  const operands = args.map((arg) => compiler.truth(arg))
  return (context) => {
    let why: Reason | undefined
    for (let i = 0; i < operands.length; i++) {
      const truth = operands[i]!(context)
      if (truth === deciding) return deciding
      if (truth === UNKNOWN) why = why === undefined ? context.why : stronger(why, context.why)
    }
    if (why === undefined) return otherwise
    context.why = why
    return UNKNOWN
  }
}

export function compileNot(arg: Expr, compiler: Compiler): TruthFn {
  const operand = compiler.truth(arg)
  return (context) => {
    const truth = operand(context)
    return truth === UNKNOWN ? UNKNOWN : truthOf(truth === FALSE)
  }
}
