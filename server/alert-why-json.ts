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
    change:
      change === null
        ? null
        : {
            delta: inUnit(change.delta),
            rateEffect: inUnit(change.rateEffect),
            mixEffect: inUnit(change.mixEffect),
          },
    strata: strata.map((part) => ({
      ...part,
      before: orNull(part.before),
      now: orNull(part.now),
      rateEffect: inUnit(part.rateEffect),
      mixEffect: inUnit(part.mixEffect),
    })),
    // Shares have no unit.
    deploy:
      deploy === null || deploy.shareOf !== undefined
        ? deploy
        : { ...deploy, before: estimate(deploy.before), with: estimate(deploy.with) },
  }
}

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
