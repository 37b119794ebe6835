/** The twin of the detector, which tells when an alert may be resolved: it bets that the mean rose again. */
import { logAddExp } from '../log-add-exp.ts'
import type { Observations } from './bets.ts'

/** The capital from which the mean counts as recovered: once in ten days of hourly looks it would be reached by chance. */
export const RECOVERY_THRESHOLD = 240

const MOST_LOST = 0.9

/** The mean above which things are well again, a third of the way back from `pAlarm` to `pBase`, and the bet on it. */
export function esrRecoveryBet({ pAlarm, pBase }: { pAlarm: number; pBase: number }): { level: number; bet: number } {
  const level = pAlarm + (pBase - pAlarm) / 3
  if (!(level > 0 && level < 1 && pBase > level)) {
    throw new RangeError(`from ${pAlarm} to ${pBase} there is no way back up within 0 to 1`)
  }
  return { level, bet: Math.min((pBase - level) / (level * (1 - level)), MOST_LOST / level) }
}

/**
 * The logarithm of the capital after a look of `hours`, from that before (null before the first). Recovered once it is at least ln `RECOVERY_THRESHOLD`.
 * `phi` as for the detector's look. Its source is the detector's (`esrStep`), of a mean that rose.
 */
export function esrRecoveryStep(
  logCapital: number | null,
  { hours, phi, values, counts }: Observations & { hours: number; phi: number },
  { level, bet }: { level: number; bet: number },
): number {
  if (!(hours > 0)) throw new RangeError(`${hours} is not a time since the last look`)
  let sum = 0
  for (const [i, value] of values.entries()) sum += (counts[i] ?? 0) * Math.log1p(bet * (value - level))
  return logAddExp(logCapital ?? Number.NEGATIVE_INFINITY, Math.log(hours)) + sum / phi
}
