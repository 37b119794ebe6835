/** The evals of the simulation: one on each span as it comes, one on each trace as it settles. */
import { buildOnlineEval, buildPlan, DURATION, e, INT } from '../../engine/evaluate/build-plan.ts'
import { MAX_DURATION_MS, MAX_SPANS } from './workload.ts'

export const FAST = 'test/fast'
export const SHORT = 'test/short'

export const PLAN = buildPlan({
  evals: [
    buildOnlineEval('fast', e.cmp(e.field('duration', DURATION), '<=', e.lit(MAX_DURATION_MS * 1_000_000, DURATION)), {
      scope: { subject: 'span', where: null, traceWhere: null },
      when: 'arrival',
    }),
    buildOnlineEval('short', e.cmp(e.score(), '<=', e.lit(MAX_SPANS)), {
      score: e.over('count', e.select('span'), null, INT),
    }),
  ],
})
