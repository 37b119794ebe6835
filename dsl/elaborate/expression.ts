/** From syntax to the plan's expressions: names resolved, types checked, and who may be missing worked out. */
import type { Fix } from '../diagnostics/diagnostic.ts'
import { FINISH_REASON_SYNONYMS } from '../finish-reasons.ts'
import { renaming, replacement } from '../machine-fix.ts'
import type { Expr } from '../plan.ts'
import type { Span } from '../source.ts'
import { soleNearest } from '../suggest.ts'
import type { ExprNode, Ident } from '../syntax/ast.ts'
import { BOOL, commonType, describeType, isNumeric, isOrdered, type Type } from '../types.ts'
import { elaborateArithmetic, negate } from './arithmetic.ts'
import { elaborateCall } from './calls.ts'
import { ERRONEOUS, type ExprContext, type MissingCause, type Typed } from './context.ts'
import { presentWhenFalse, presentWhenTrue, without } from './facts.ts'
import { adapt, elaborateLiteral } from './literals.ts'
import { elaborateMatches } from './matches.ts'
import { aligned, bareNumberFix, reportMismatch } from './mismatch.ts'
import { elaboratePath, NOTHING } from './paths.ts'

export function elaborate(node: ExprNode, context: ExprContext): Typed {
  switch (node.kind) {
    case 'error':
      return ERRONEOUS
    case 'literal':
      return elaborateLiteral(node, context)
    case 'path':
      return elaboratePath(node, context, elaborate)
    case 'call':
      return elaborateCall(node, context, elaborate)
    case 'not':
      return elaborateNot(node, context)
    case 'negate':
      return negate(elaborate(node.arg, context), node.span, context)
    case 'binary':
      return elaborateBinary(node, context)
    case 'in':
      return elaborateIn(node, context)
    case 'matches':
      return elaborateMatches(node, context, elaborate)
    case 'is':
      return elaborateIs(node, context)
    case 'regex':
      return misplaced(node.span, 'a regex is not a value: it stands after `matches`', context)
    case 'list':
      return misplaced(node.span, 'a list is not a value: it stands after `in` or `matches any`', context)
    case 'record':
      return misplaced(node.span, 'a record is not a value: it describes a document of a test', context)
  }
}

/** An expression that has to be a condition. */
export function elaborateCondition(node: ExprNode, context: ExprContext): Typed {
  return requireBool(elaborate(node, context), node.span, context)
}

function misplaced(span: Span, message: string, context: ExprContext): Typed {
  context.module.reporter.report('E0201', span, message, { label: 'not a value' })
  return ERRONEOUS
}

function requireBool(typed: Typed, span: Span, context: ExprContext): Typed {
  if (typed.type.kind === 'bool' || typed.type.kind === 'unknown') return typed
  const notes =
    typed.type.kind === 'string' || isNumeric(typed.type) ? ['compare it with something, or ask `is present`'] : []
  context.module.reporter.report('E0202', span, `a condition is needed here, and this is ${describeType(typed.type)}`, {
    label: 'not a condition',
    notes,
  })
  return ERRONEOUS
}

function bool(expr: Expr, missing: readonly MissingCause[]): Typed {
  return { expr, type: BOOL, flexible: false, missing }
}

function elaborateNot(node: Extract<ExprNode, { kind: 'not' }>, context: ExprContext): Typed {
  const arg = elaborateCondition(node.arg, context)
  return bool({ op: 'not', arg: arg.expr }, arg.missing)
}

function elaborateBinary(node: Extract<ExprNode, { kind: 'binary' }>, context: ExprContext): Typed {
  switch (node.op) {
    case 'and':
    case 'or':
      return elaborateConnective(node, node.op, context)
    case '+':
    case '-':
    case '*':
      return elaborateArithmetic(node, node.op, elaborate(node.left, context), elaborate(node.right, context), context)
    case '??':
      return elaborateDefault(node, context)
    case 'contains':
    case 'starts with':
      return elaborateTextTest(node, node.op, context)
    default:
      return elaborateComparison(node, node.op, context)
  }
}

/** `and`/`or`, flattened: `a and b and c` is one node with three arguments. */
function elaborateConnective(node: ExprNode, op: 'and' | 'or', context: ExprContext): Typed {
  const operands: ExprNode[] = []
  flatten(node, op, operands)
  const args = operands.map((operand) => elaborateCondition(operand, context))
  // What one operand settles the others need not know: in `a is present and f(a)`, a missing `a` makes it false.
  const settle = op === 'and' ? presentWhenTrue : presentWhenFalse
  const missing = args.flatMap((arg, index) =>
    args.reduce(
      (causes, other, at) => (at === index || other.missing.length > 0 ? causes : without(causes, settle(other.expr))),
      arg.missing,
    ),
  )
  return bool({ op, args: args.map((arg) => arg.expr) }, missing)
}

function flatten(node: ExprNode, op: 'and' | 'or', into: ExprNode[]): void {
  if (node.kind === 'binary' && node.op === op) {
    flatten(node.left, op, into)
    flatten(node.right, op, into)
  } else into.push(node)
}

type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>='

function elaborateComparison(
  node: Extract<ExprNode, { kind: 'binary' }>,
  cmp: Comparison,
  context: ExprContext,
): Typed {
  if (node.right.kind === 'path' && NOTHING.has(node.right.path)) return comparedWithNothing(node, cmp, context)
  const [left, right] = aligned(elaborate(node.left, context), elaborate(node.right, context))
  const missing = [...left.missing, ...right.missing]
  const result = bool({ op: 'compare', cmp, left: left.expr, right: right.expr }, missing)
  const type = commonType(left.type, right.type)
  if (type === null) {
    reportMismatch(node, left.type, right.type, `\`${cmp}\` compares what is of one type`, context)
    return bool(result.expr, missing)
  }
  if (type.kind === 'documents' || type.kind === 'list')
    context.module.reporter.report('E0201', node.span, `\`${cmp}\` does not compare lists`, {
      label: describeType(type),
    })
  else if (cmp !== '==' && cmp !== '!=' && !isOrdered(type))
    context.module.reporter.report('E0201', node.opSpan, `\`${cmp}\` has no meaning for ${describeType(type)}`, {
      label: 'has no order',
    })
  checkEnumValue(left, right, node, context)
  return result
}

/** `x != null` of other languages. */
function comparedWithNothing(
  node: Extract<ExprNode, { kind: 'binary' }>,
  cmp: Comparison,
  context: ExprContext,
): Typed {
  elaborate(node.left, context)
  const word = cmp === '==' ? 'is missing' : cmp === '!=' ? 'is present' : null
  const span = { start: node.opSpan.start, end: node.right.span.end }
  const path = node.right.kind === 'path' ? node.right.path : ''
  context.module.reporter.report('E0203', node.right.span, `there is no \`${path}\`: what was not sent is missing`, {
    label: 'no value',
    notes: ['write `x is missing` or `x is present`'],
    ...(word !== null && { fix: replacement(span, word) }),
  })
  return ERRONEOUS
}

function checkEnumValue(
  left: Typed,
  right: Typed,
  node: Extract<ExprNode, { kind: 'binary' }>,
  context: ExprContext,
): void {
  checkStored(left, right, node.right.span, context)
  checkStored(right, left, node.left.span, context)
  checkEnumLiteral(left.type, right, node.right.span, context)
  checkEnumLiteral(right.type, left, node.left.span, context)
}

/** A provider's own word for a reason is never stored: the normalisers have one name for each. */
function checkStored(field: Typed, value: Typed, span: Span, context: ExprContext): void {
  if (field.expr.op !== 'field' || field.expr.path !== 'finish_reason' || value.expr.op !== 'literal') return
  const text = String(value.expr.value)
  const stored = FINISH_REASON_SYNONYMS.get(text)
  if (stored === undefined) return
  context.module.reporter.report(
    'E0214',
    span,
    `\`"${text}"\` is stored as \`"${stored}"\`, so this is never equal: did you mean \`"${stored}"\`?`,
    { label: 'a name that one provider has for it', fix: replacement(span, JSON.stringify(stored)) },
  )
}

function checkEnumLiteral(type: Type, value: Typed, span: Span, context: ExprContext): void {
  if (type.kind !== 'enum' || value.expr.op !== 'literal' || value.type.kind !== 'string') return
  const { value: text } = value.expr
  if (type.values.includes(String(text))) return
  const meant = soleNearest(String(text), type.values)
  context.module.reporter.report('E0214', span, `\`"${text}"\` is none of its values, so this is never equal`, {
    label: describeType(type),
    ...(meant !== null && { fix: replacement(span, JSON.stringify(meant)) }),
  })
}

function elaborateDefault(node: Extract<ExprNode, { kind: 'binary' }>, context: ExprContext): Typed {
  const [left, right] = aligned(elaborate(node.left, context), elaborate(node.right, context))
  const type = commonType(left.type, right.type)
  if (type === null) {
    reportMismatch(node, left.type, right.type, '`??` replaces a missing value by one of the same type', context)
    return ERRONEOUS
  }
  if (type.kind === 'unknown') return ERRONEOUS
  const plan = type.kind === 'points' ? { kind: 'ratio' as const } : type
  return {
    expr: { op: 'default', left: left.expr, right: right.expr, type: plan },
    type,
    flexible: false,
    missing: right.missing,
  }
}

function elaborateTextTest(
  node: Extract<ExprNode, { kind: 'binary' }>,
  op: 'contains' | 'starts with',
  context: ExprContext,
): Typed {
  const left = elaborate(node.left, context)
  const right = elaborate(node.right, context)
  const list = op === 'contains' && left.type.kind === 'list' ? left.type.of : null
  const wantsText = (type: Type): boolean => ['string', 'enum', 'unknown'].includes(type.kind)
  const fits = list === null ? wantsText(left.type) && wantsText(right.type) : commonType(list, right.type) !== null
  if (!fits) {
    const culprit = wantsText(left.type) ? right : left
    const span = wantsText(left.type) ? node.right.span : node.left.span
    context.module.reporter.report(
      'E0201',
      span,
      `\`${op}\` looks for a text in a text, and this is ${describeType(culprit.type)}`,
      {
        label: 'not a text',
      },
    )
  }
  const plan: Expr = { op: op === 'contains' ? 'contains' : 'starts_with', left: left.expr, right: right.expr }
  return bool(plan, [...left.missing, ...right.missing])
}

function elaborateIn(node: Extract<ExprNode, { kind: 'in' }>, context: ExprContext): Typed {
  const value = elaborate(node.value, context)
  if (node.items.kind !== 'list') {
    const advice = node.items.kind === 'error' ? null : 'write the values: `in ["a", "b"]`'
    if (advice !== null)
      context.module.reporter.report('E0201', node.items.span, '`in` takes a list', {
        label: 'not a list',
        notes: [advice],
      })
    return bool({ op: 'in', value: value.expr, items: [] }, value.missing)
  }
  const items = node.items.items.map((item) => {
    const typed = adapt(elaborate(item, context), value.type)
    if (commonType(value.type, typed.type) === null) {
      const message = `this is ${describeType(typed.type)}, and what is looked for is ${describeType(value.type)}`
      const fix = bareNumberFix(value.type, item, typed.type)
      context.module.reporter.report('E0201', item.span, message, {
        label: 'never equal',
        ...(fix !== null && { fix }),
      })
    }
    checkEnumLiteral(value.type, typed, item.span, context)
    checkStored(value, typed, item.span, context)
    return typed
  })
  const missing = [...value.missing, ...items.flatMap((item) => item.missing)]
  return bool({ op: 'in', value: value.expr, items: items.map((item) => item.expr) }, missing)
}

function elaborateIs(node: Extract<ExprNode, { kind: 'is' }>, context: ExprContext): Typed {
  const value = elaborate(node.value, context)
  switch (node.what.text) {
    case 'missing':
    case 'present': {
      const op = (node.what.text === 'missing') === node.negated ? 'is_present' : 'is_missing'
      return bool({ op, arg: value.expr }, [])
    }
    case 'json': {
      if (value.type.kind !== 'string' && value.type.kind !== 'unknown')
        context.module.reporter.report(
          'E0201',
          node.value.span,
          `\`is json\` asks of a text, and this is ${describeType(value.type)}`,
          { label: 'not a text' },
        )
      const json: Expr = { op: 'is_json', arg: value.expr }
      return bool(node.negated ? { op: 'not', arg: json } : json, value.missing)
    }
    case '':
      return ERRONEOUS
    default:
      context.module.reporter.report('E0112', node.what.span, `\`is ${node.what.text}\` does not exist`, {
        label: 'one of `missing`, `present`, `json`',
        notes: node.negated ? [] : ['to compare, write `==`'],
        ...isFix(node.what),
      })
      return ERRONEOUS
  }
}

/** `is null` of other languages, and misspelt words. */
function isFix({ text, span }: Ident): { fix?: Fix } {
  if (['null', 'nil', 'none', 'None', 'undefined', 'absent'].includes(text))
    return { fix: replacement(span, 'missing') }
  return renaming(span, text, ['missing', 'present', 'json'])
}
