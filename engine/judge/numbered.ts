/** Answers that name what they are about by our numbers. */
import { malformed, type Reading } from './question.ts'

/** One for each of 1 to `count`, in order; what is wrong names numbers alone, and no words of the answer. */
export function inOrder<T>(
  items: readonly T[],
  numberOf: (item: T) => number,
  count: number,
  what: string,
): Reading<T[]> {
  const byNumber = new Map<number, T>()
  for (const item of items) {
    const number = numberOf(item)
    if (!Number.isInteger(number) || number < 1 || number > count)
      return malformed(`a "${what}" has a number that is none of 1 to ${count}`)
    if (byNumber.has(number)) return malformed(`${what} ${number} is answered twice`)
    byNumber.set(number, item)
  }
  const answer: T[] = []
  const missing: number[] = []
  for (let number = 1; number <= count; number++) {
    const item = byNumber.get(number)
    if (item === undefined) missing.push(number)
    else answer.push(item)
  }
  if (missing.length === 0) return { kind: 'answer', answer }
  const named = missing.slice(0, MAX_NAMED).join(', ')
  return malformed(
    `not answered: ${what} ${named}${missing.length > MAX_NAMED ? ` and ${missing.length - MAX_NAMED} more` : ''}`,
  )
}

const MAX_NAMED = 5
