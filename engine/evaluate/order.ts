/** `before(A, B)` and `repeats(tool_call)`: the order and the repetition of a trace's spans. */

import { CAPS } from '../../dsl/caps.ts'
import type { Expr } from '../../dsl/plan.ts'
import type { Reason } from '../model/result.ts'
import { parseJson } from '../parse-json.ts'
import type { Bounds, Compiler } from './compiler.ts'
import { type Context, type TruthFn, traceAround, type ValueFn } from './context.ts'
import { compileSelector, type SelectFn } from './select.ts'
import { type ProjectedSpan, startAfterNs } from './subject.ts'
import { FALSE, stronger, TRUE, UNKNOWN } from './truth.ts'

/**
 * Every B has an A that ended before it began, or at that very moment. The A that ended first serves every B, and the B that
 * began first is the hardest to serve: one comparison decides. Without any B it is true.
 */
export function compileBefore(expr: Extract<Expr, { op: 'before' }>, compiler: Compiler): TruthFn {
  const selectA = compileSelector(expr.a, compiler)
  const selectB = compileSelector(expr.b, compiler)
  return (context) => {
    const originUs = traceAround(context).startTimeUs
    let firstEndNs = Number.POSITIVE_INFINITY
    for (const a of selectA(context)) firstEndNs = Math.min(firstEndNs, startAfterNs(a, originUs) + a.durationNs)
    const whyA = context.selectionWhy
    let firstStartNs = Number.POSITIVE_INFINITY
    for (const b of selectB(context)) firstStartNs = Math.min(firstStartNs, startAfterNs(b, originUs))
    const whyB = context.selectionWhy
    const holds = firstEndNs <= firstStartNs
    // Another A could only help, another B only harm.
    const open = holds ? whyB : whyA
    if (open === undefined) return holds ? TRUE : FALSE
    context.why = whyA !== undefined && whyB !== undefined ? stronger(whyA, whyB) : open
    return UNKNOWN
  }
}

/** Equal for calls of the same name with the same arguments; undefined where those were not captured, or are longer than is looked at. */
export function callSignature(span: ProjectedSpan): string | undefined {
  const args = argumentsOf(span)
  return args === undefined || args.length > CAPS.textUnits ? undefined : `${callName(span)}\0${canonical(args)}`
}

function callName(span: ProjectedSpan): string {
  return `${span.kind}\0${span.toolName ?? span.name}`
}

/** What tells two calls of the same name apart, by kind of span. */
function argumentsOf(span: ProjectedSpan): string | undefined {
  switch (span.kind) {
    case 'tool':
      return span.toolArguments
    case 'retriever':
      return span.retrievalQuery
    default:
      return span.inputText
  }
}

const ARGUMENTS_FIELD: Readonly<Record<string, string>> = { tool_call: 'arguments.text', retrieval: 'query.text' }

interface Repetition {
  /** The most times that a call surely occurs: calls whose arguments are missing count as different from all others. */
  readonly least: number
  /** The most times that one may occur: they count as the same as any other of their name. */
  readonly most: number
  readonly lacking: Reason | undefined
  /** A call's arguments are longer than is looked at. */
  readonly cut: boolean
}

function compileRepetition(
  expr: Extract<Expr, { op: 'repeats' }>,
  compiler: Compiler,
): (context: Context) => Repetition {
  const select = compileSelector(expr.over, compiler)
  return (context) => countRepetition(select, context)
}

function countRepetition(select: SelectFn, context: Context): Repetition {
  const timesOf = new Map<string, number>()
  const mostOfName = new Map<string, number>()
  const withoutArguments = new Map<string, number>()
  let least = 0
  let cut = false
  const selected = select(context)
  for (const span of selected) {
    const name = callName(span)
    const call = callSignature(span)
    if (call === undefined) {
      cut ||= argumentsOf(span) !== undefined
      withoutArguments.set(name, (withoutArguments.get(name) ?? 0) + 1)
      least = Math.max(least, 1)
      continue
    }
    const times = (timesOf.get(call) ?? 0) + 1
    timesOf.set(call, times)
    mostOfName.set(name, Math.max(mostOfName.get(name) ?? 0, times))
    least = Math.max(least, times)
  }
  let most = least
  for (const [name, count] of withoutArguments) most = Math.max(most, count + (mostOfName.get(name) ?? 0))
  return { least, most, lacking: context.selectionWhy, cut }
}

/** 0 without any call; missing when calls whose arguments were not captured make a difference. */
export function compileRepeats(expr: Extract<Expr, { op: 'repeats' }>, compiler: Compiler): ValueFn {
  const repetition = compileRepetition(expr, compiler)
  const field = `${expr.over.subject}.${ARGUMENTS_FIELD[expr.over.subject] ?? 'input.text'}`
  const missing: Reason = { code: 'not_captured', field }
  const truncated: Reason = { code: 'truncated', field }
  return (context) => {
    const { least, most, lacking, cut } = repetition(context)
    if (least === most && lacking === undefined) return least
    const why = cut ? truncated : missing
    context.why = lacking === undefined ? why : least === most ? lacking : stronger(lacking, why)
    return undefined
  }
}

export function repeatsBounds(expr: Extract<Expr, { op: 'repeats' }>, compiler: Compiler): Bounds {
  const repetition = compileRepetition(expr, compiler)
  return {
    partial: true,
    low: (context) => repetition(context).least,
    high: (context) => {
      const { most, lacking } = repetition(context)
      return lacking === undefined ? most : undefined
    },
  }
}

/** JSON with its keys in order, so that the same arguments are the same however their client wrote them. */
function canonical(text: string): string {
  try {
    return JSON.stringify(parseJson(text), (_, value: unknown) => sortedKeys(value))
  } catch {
    return text
  }
}

function sortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
