const STEPS = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const

/** With three digits and a letter: 655,360,000 is `655M`. The configuration takes numbers in this form. */
export function shortNumber(value: number): string {
  for (const [step, letter] of STEPS) {
    if (value < step) continue
    const scaled = value / step
    return `${Number(scaled.toPrecision(3))}${letter}`
  }
  return String(Number(value.toPrecision(3)))
}
