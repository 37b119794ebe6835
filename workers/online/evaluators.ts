/** An evaluator for each tenant, of its own definitions in force. */
import { EMPTY_PLAN } from '../../dsl/packages.ts'
import type { Plan } from '../../dsl/plan.ts'
import { withMeasureEvals } from '../../engine/alerting/scope-evals.ts'
import type { SpanParts } from '../../engine/conventions/normalise.ts'
import type { EvalTiming, Evaluator, EvaluatorOptions } from '../../engine/evaluate/evaluator.ts'
import { partsReadBy } from '../../engine/evaluate/reads.ts'
import type { TenantPlans } from '../../storage/definitions/plans.ts'
import { evalLabel, evalSeconds } from '../../storage/metrics/registry.ts'
import { CompiledPlans, SharedPatterns } from './compiled-plans.ts'

/** For the metrics. */
const TIMING: EvalTiming = {
  clockMs: () => performance.now(),
  onTimed: (evalId, durationMs) => evalSeconds.observe({ eval: evalLabel(evalId) }, durationMs / 1_000),
}

export interface TenantEvaluator {
  readonly evaluator: Evaluator
  /** What any definitions of the tenant have read in this run: an open trace is judged by those it began with. */
  readonly parts: SpanParts
}

export class Evaluators {
  readonly #definitions: Pick<TenantPlans, 'current'>
  readonly #compile: (plan: Plan) => Evaluator
  readonly #compiled: CompiledPlans<TenantEvaluator>
  /** Two flags a tenant, for as long as the process runs. */
  readonly #parts = new Map<string, SpanParts>()

  constructor(
    definitions: Pick<TenantPlans, 'current'>,
    compile: (plan: Plan, options: EvaluatorOptions) => Evaluator,
    onProblem?: (text: string) => void,
  ) {
    const patterns = new SharedPatterns()
    this.#definitions = definitions
    // Alerts on scopes have measures of their own.
    const whole = (plan: Plan) => withMeasureEvals(plan)
    this.#compile = (plan) => compile(whole(plan), { patterns: patterns.of(plan), timing: TIMING })
    this.#compiled = new CompiledPlans({
      definitions,
      compile: (plan, tenant) => ({ evaluator: this.#compile(plan), parts: this.#partsOf(tenant, whole(plan)) }),
      onProblem,
      fallback: EMPTY_PLAN,
    })
  }

  of(tenant: string): TenantEvaluator {
    return this.#compiled.of(tenant)
  }

  /** Another one, which counts for itself: for a trial. */
  anew(tenant: string): TenantEvaluator {
    const { parts } = this.of(tenant)
    return { evaluator: this.#compile(this.#definitions.current(tenant)), parts }
  }

  #partsOf(tenant: string, plan: Plan): SpanParts {
    const { inputs, attributes } = partsReadBy(plan)
    const before = this.#parts.get(tenant)
    const parts = {
      inputs: inputs || before?.inputs === true,
      attributes: attributes || before?.attributes === true,
    }
    this.#parts.set(tenant, parts)
    return parts
  }
}
