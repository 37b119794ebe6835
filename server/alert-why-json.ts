/** The numbers of a "why" as the API tells them: durations in milliseconds, money in its currency, as scores of results are. */
import type { AlertWhy, Detection, Estimate } from '../engine/alerting/why.ts'

/** `inUnit`: out of the unit of the plan, in which the alert's state machine counts. */
export function whyToJson(why: AlertWhy, inUnit: (value: number) => number): AlertWhy {
  const orNull = (value: number | null): number | null => (value === null ? null : inUnit(value))
  const estimate = ({ value, interval, n }: Estimate): Estimate => ({
    value: inUnit(value),
    interval: interval === null ? null : { low: inUnit(interval.low), high: inUnit(interval.high) },
    n,
  })
  const { baseline, now, detection, change, strata, deploy } = why
  return {
    ...why,
    baseline: baseline === null ? null : estimate(baseline),
    now: now === null ? null : estimate(now),
    detection: detectionInUnit(detection, inUnit),
    // Shares have no unit.
    ...(change?.shareOf === undefined && {
      change: change === null ? null : changeInUnit(change, inUnit),
      strata: strata.map((part) => ({
        ...part,
        before: orNull(part.before),
        now: orNull(part.now),
        rateEffect: inUnit(part.rateEffect),
        mixEffect: inUnit(part.mixEffect),
      })),
    }),
    deploy:
      deploy === null || deploy.shareOf !== undefined
        ? deploy
        : { ...deploy, before: estimate(deploy.before), with: estimate(deploy.with) },
  }
}

const changeInUnit = (
  { delta, rateEffect, mixEffect }: NonNullable<AlertWhy['change']>,
  inUnit: (value: number) => number,
): NonNullable<AlertWhy['change']> => ({
  delta: inUnit(delta),
  rateEffect: inUnit(rateEffect),
  mixEffect: inUnit(mixEffect),
})

function detectionInUnit(detection: Detection, inUnit: (value: number) => number): Detection {
  switch (detection.kind) {
    case 'threshold': {
      const { value, limit } = detection
      return { ...detection, value: value === null ? null : inUnit(value), limit: inUnit(limit) }
    }
    case 'anomaly':
      return { ...detection, usual: { low: inUnit(detection.usual.low), high: inUnit(detection.usual.high) } }
    case 'e-sr':
    case 'silence':
      return detection
  }
}
