import type { MetricArg, MetricPlan } from './plan.ts'
import { type PrintOptions, printExpr } from './print-expr.ts'
import { printLiteral, quote } from './print-literal.ts'

/** `faithfulness(answer: output.text, context: documents)`: each argument by its name, those that were left out too, but for empty lists: none can be written. */
export function printMetric({ name, args }: MetricPlan, options: PrintOptions): string {
  const given = Object.entries(args).flatMap(([param, arg]) =>
    arg.kind === 'texts' && arg.values.length === 0 ? [] : [`${param}: ${printArg(arg, options)}`],
  )
  return `${name}(${given.join(', ')})`
}

function printArg(arg: MetricArg, options: PrintOptions): string {
  switch (arg.kind) {
    case 'expr':
      return printExpr(arg.expr, options)
    case 'documents':
      return arg.path
    case 'value':
      return printLiteral(arg.value, { kind: 'number' })
    case 'texts':
      return `[${arg.values.map(quote).join(', ')}]`
  }
}
