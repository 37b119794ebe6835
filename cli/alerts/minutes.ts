const UNITS: Readonly<Record<string, number>> = { m: 1, h: 60, d: 24 * 60, w: 7 * 24 * 60 }

/** `30m`, `2h`, `7d`, `1w`; null for anything else. */
export function minutesOf(text: string): number | null {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([mhdw])$/.exec(text) ?? []
  return amount === undefined ? null : Number(amount) * UNITS[unit]!
}
