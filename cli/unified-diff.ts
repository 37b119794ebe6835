/** Two texts as a unified diff, as `git diff` shows it. */

type Step = { readonly kind: ' ' | '-' | '+'; readonly line: string }

const CONTEXT = 3
/** Texts that differ in more lines than this are shown as one replaced by the other: nobody reads such a diff line by line. */
const MAX_EDITS = 1000
const NO_NEWLINE = '\\ No newline at end of file'

/** Empty when the texts are the same. */
export function unifiedDiff(path: string, before: string, after: string): string {
  if (before === after) return ''
  const steps = diffLines(linesOf(before), linesOf(after))
  const lines = [`--- a/${path}`, `+++ b/${path}`, ...hunks(steps)]
  return `${lines.join('\n')}\n`
}

/** With the mark of a last line that is not ended, so that such a line differs from one that is. */
function linesOf(text: string): string[] {
  const lines = text.split('\n')
  const last = lines.pop() as string
  return last === '' ? lines : [...lines, `${last}\n${NO_NEWLINE}`]
}

function diffLines(before: readonly string[], after: readonly string[]): Step[] {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let same = 0
  while (
    same < before.length - start &&
    same < after.length - start &&
    before[before.length - 1 - same] === after[after.length - 1 - same]
  )
    same++
  const kept = (lines: readonly string[]): Step[] => lines.map((line) => ({ kind: ' ', line }))
  const middle = diffMiddle(before.slice(start, before.length - same), after.slice(start, after.length - same))
  return [...kept(before.slice(0, start)), ...middle, ...kept(before.slice(before.length - same))]
}

/** Myers' greedy algorithm: for each number of edits, how far each diagonal gets. */
function diffMiddle(before: readonly string[], after: readonly string[]): Step[] {
  const reached: Map<number, number>[] = []
  let far = new Map([[1, 0]])
  for (let edits = 0; edits <= Math.min(MAX_EDITS, before.length + after.length); edits++) {
    reached.push(new Map(far))
    const next = new Map(far)
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = startOn(far, diagonal, edits)
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x++
      next.set(diagonal, x)
      if (x >= before.length && x - diagonal >= after.length) return walkBack(before, after, reached, edits)
    }
    far = next
  }
  return [...before.map((line): Step => ({ kind: '-', line })), ...after.map((line): Step => ({ kind: '+', line }))]
}

function startOn(far: ReadonlyMap<number, number>, diagonal: number, edits: number): number {
  return comesFromAbove(far, diagonal, edits) ? (far.get(diagonal + 1) ?? 0) : (far.get(diagonal - 1) ?? -1) + 1
}

function comesFromAbove(far: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean {
  if (diagonal === -edits) return true
  return diagonal !== edits && (far.get(diagonal - 1) ?? -1) < (far.get(diagonal + 1) ?? -1)
}

function walkBack(
  before: readonly string[],
  after: readonly string[],
  reached: readonly ReadonlyMap<number, number>[],
  edits: number,
): Step[] {
  const steps: Step[] = []
  let x = before.length
  let y = after.length
  for (let left = edits; left >= 0; left--) {
    const far = reached[left] as ReadonlyMap<number, number>
    const diagonal = x - y
    const above = comesFromAbove(far, diagonal, left)
    const fromX = left === 0 ? 0 : (far.get(above ? diagonal + 1 : diagonal - 1) ?? 0)
    const fromY = left === 0 ? 0 : fromX - (above ? diagonal + 1 : diagonal - 1)
    const stepX = left === 0 ? 0 : above ? fromX : fromX + 1
    while (x > stepX && y > stepX - diagonal) {
      steps.push({ kind: ' ', line: before[--x] as string })
      y--
    }
    if (left > 0) {
      steps.push(above ? { kind: '+', line: after[fromY] as string } : { kind: '-', line: before[fromX] as string })
      x = fromX
      y = fromY
    }
  }
  return steps.reverse()
}

function hunks(steps: readonly Step[]): string[] {
  const lines: string[] = []
  let index = 0
  let beforeLine = 1
  let afterLine = 1
  const skip = (to: number): void => {
    for (; index < to; index++) {
      if (steps[index]?.kind !== '+') beforeLine++
      if (steps[index]?.kind !== '-') afterLine++
    }
  }
  while (index < steps.length) {
    const change = steps.findIndex((step, at) => at >= index && step.kind !== ' ')
    if (change < 0) break
    skip(Math.max(index, change - CONTEXT))
    const end = endOfHunk(steps, change)
    const hunk = steps.slice(index, end)
    const count = (kind: '-' | '+'): number => hunk.filter((step) => step.kind === ' ' || step.kind === kind).length
    lines.push(`@@ -${range(beforeLine, count('-'))} +${range(afterLine, count('+'))} @@`)
    lines.push(...hunk.map(({ kind, line }) => `${kind}${line}`))
    skip(end)
  }
  return lines
}

/** Changes with less than twice the context between them share a hunk. */
function endOfHunk(steps: readonly Step[], change: number): number {
  let last = change
  for (let at = change; at < steps.length && at - last <= CONTEXT * 2; at++) if (steps[at]?.kind !== ' ') last = at
  return Math.min(steps.length, last + CONTEXT + 1)
}

/** As in diff: an empty side names the line before it. */
function range(line: number, count: number): string {
  const start = count === 0 ? line - 1 : line
  return count === 1 ? String(start) : `${start},${count}`
}
