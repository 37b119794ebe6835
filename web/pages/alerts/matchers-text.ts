import type { Matchers } from '../../../engine/alerting/silence.ts'

/** `alert=checkout/*  severity=page`, as `assay silence list` shows it. */
export function matchersText({ labels, ...rest }: Matchers): string {
  return Object.entries({ ...rest, ...labels })
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}
