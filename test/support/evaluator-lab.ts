/** Evaluators over a log in memory, on a clock that tests move. */
import { type AlertEvaluator, startAlertEvaluator } from '../../alerting/evaluator.ts'
import type { RunAlert } from '../../engine/alerting/run-alert.ts'
import { encodeResults } from '../../engine/codec/results.ts'
import { makeResult, type ResultFields } from '../../engine/model/make-result.ts'
import { DEFAULT_TENANT } from '../../storage/access/principal.ts'
import { plansOfOne, type TenantPlans } from '../../storage/definitions/plans.ts'
import type { Log } from '../../storage/log/port.ts'
import { EVAL_RESULTS } from '../../storage/log/topics.ts'
import { planOf } from './alert-bench.ts'
import { createMemoryLog, type MemoryLog } from './memory-log.ts'

export const LAB_BEGINS_MS = 1_800_000_000_000

export class EvaluatorLab {
  /** The log's clock and everyone else's. */
  clockMs = LAB_BEGINS_MS
  readonly log: MemoryLog = createMemoryLog(() => this.clockMs)
  readonly definitions: TenantPlans

  constructor(...alerts: RunAlert[]) {
    const plan = planOf(...alerts)
    this.definitions = plansOfOne(DEFAULT_TENANT, () => plan)
  }

  start(log: Log): Promise<AlertEvaluator> {
    const { definitions } = this
    return startAlertEvaluator({ log, definitions, nowMs: () => this.clockMs, alone: (run) => run() })
  }

  /** One record of results that are of now. */
  append(...results: ResultFields[]): void {
    const of = { evalId: 'shop/no_pii', subjectTimeUs: this.clockMs * 1000 }
    const value = encodeResults(results.map((result) => makeResult({ ...of, ...result })))
    const headers = { tenant: DEFAULT_TENANT, eval: of.evalId }
    this.log.append(EVAL_RESULTS, [{ key: `${DEFAULT_TENANT}/${of.evalId}`, value, headers }])
  }

  /** Lets evaluators run; `perTurnMs`: so much time passes in each. False: it was not done in time. */
  async until(isDone: () => boolean, perTurnMs = 0): Promise<boolean> {
    for (let turns = 0; turns < 2_000 && !isDone(); turns++) {
      this.clockMs += perTurnMs
      await this.settle(1)
    }
    return isDone()
  }

  async settle(turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
}
