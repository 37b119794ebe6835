import type { AlertNumbers } from './transition.ts'

export function compare(value: number, cmp: AlertNumbers['cmp'], threshold: number): boolean {
  switch (cmp) {
    case '<':
      return value < threshold
    case '<=':
      return value <= threshold
    case '>':
      return value > threshold
    case '>=':
      return value >= threshold
  }
}
