const NONE = /^0+$/

/** An id by its hexadecimal digits in the store, which has zeros for none. */
export function idFromHex(hex: string): string {
  return NONE.test(hex) ? '' : hex
}
