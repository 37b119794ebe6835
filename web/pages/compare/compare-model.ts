/** Two traces side by side: which steps are the same, which only one has, and what evals said of each. */
import type { Verdict } from '../../../client/api.ts'
import { type Row, summaryOf, type Trace } from '../trace/trace-model.ts'

export interface Pair {
  readonly left: Row | undefined
  readonly right: Row | undefined
  /** Both are there, and what went in or came out differs. */
  readonly differs: boolean
}

export interface VerdictPair {
  readonly evalId: string
  readonly left: Verdict | undefined
  readonly right: Verdict | undefined
}

/** Beyond it steps stand side by side as they come: a table of all pairs would not fit into memory. */
const MAX_ALIGNED = 1_500

const stepOf = ({ span, level }: Row): string => `${Math.min(level, 3)} ${span.kind} ${span.tool?.name ?? span.name}`

/** In the order of both: what both have stands beside each other. */
export function alignSteps(left: Trace, right: Trace): Pair[] {
  const [a, b] = [left.rows, right.rows]
  if (Math.max(a.length, b.length) > MAX_ALIGNED)
    return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => pair(a[index], b[index]))
  const width = b.length + 1
  // Of the longest common subsequence of the steps from (i, j) on.
  const longest = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] =
        stepOf(a[i]!) === stepOf(b[j]!)
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!)
  const pairs: Pair[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const isBoth = i < a.length && j < b.length
    if (isBoth && stepOf(a[i]!) === stepOf(b[j]!)) pairs.push(pair(a[i++], b[j++]))
    else if (j >= b.length || (isBoth && longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!))
      pairs.push(pair(a[i++], undefined))
    else pairs.push(pair(undefined, b[j++]))
  }
  return pairs
}

const pair = (left: Row | undefined, right: Row | undefined): Pair => ({
  left,
  right,
  differs: left !== undefined && right !== undefined && saidBy(left) !== saidBy(right),
})

const saidBy = ({ span }: Row): string =>
  JSON.stringify([span.input?.text, span.output?.text, span.tool?.arguments, span.tool?.result, span.status])

/** By eval, of the trace and of its spans: the gravest; those that differ first. */
export function alignVerdicts(left: Trace, right: Trace): VerdictPair[] {
  const [a, b] = [byEval(left), byEval(right)]
  const differs = ({ left: one, right: other }: VerdictPair): number => (one === other ? 1 : 0)
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((evalId) => ({ evalId, left: a.get(evalId), right: b.get(evalId) }))
    .sort((one, other) => differs(one) - differs(other) || one.evalId.localeCompare(other.evalId))
}

function byEval(trace: Trace): Map<string, Verdict> {
  return new Map(summaryOf(trace).map(({ evalId, gravest }) => [evalId, gravest]))
}
