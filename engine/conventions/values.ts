/** Odd attribute values made into what fields hold; what can't be is left where it was. */
import type { AttributeValue } from '../model/span.ts'
import type { AttributeBag } from './attribute-bag.ts'

/** A text that is not empty; numbers and booleans as their text. */
export function asText(value: AttributeValue | undefined): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  return undefined
}

/** A finite number that is not negative, sent as any numeric type or as decimal text. NaN is how some SDKs say "unknown". */
export function asAmount(value: AttributeValue | undefined): number | undefined {
  let amount: number
  if (typeof value === 'number') amount = value
  else if (typeof value === 'bigint') amount = Number(value)
  else if (typeof value === 'string' && /^\d{1,15}(\.\d{1,15})?$/.test(value)) amount = Number(value)
  else return undefined
  return amount >= 0 && Number.isFinite(amount) ? amount : undefined
}

/** The first key's text. A later key that says the same has nothing to add and leaves too; one that differs stays. */
export function takeText(bag: AttributeBag, slots: readonly number[]): string | undefined {
  let found: string | undefined
  for (const slot of slots) {
    const value = bag.peek(slot)
    if (value === undefined) continue
    const text = asText(value)
    if (text === undefined || (found !== undefined && text !== found)) continue
    found = text
    bag.consume(slot)
  }
  return found
}

/** Like `takeText`, for amounts. */
export function takeAmount(bag: AttributeBag, slots: readonly number[], isValid = anyAmount): number | undefined {
  let found: number | undefined
  for (const slot of slots) {
    const value = bag.peek(slot)
    if (value === undefined) continue
    const amount = asAmount(value)
    if (amount === undefined || !isValid(amount) || (found !== undefined && amount !== found)) continue
    found = amount
    bag.consume(slot)
  }
  return found
}

const anyAmount = (_amount: number): boolean => true

/** Like `takeAmount`, for counts: a fraction of a token is none. */
export function takeCount(bag: AttributeBag, slots: readonly number[]): number | undefined {
  return takeAmount(bag, slots, Number.isSafeInteger)
}
