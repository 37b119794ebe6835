/** Why a verdict is unknown or in error, by the names that results carry: what `because` may name beside fields. */
export const REASONS: ReadonlySet<string> = new Set([
  'not_captured',
  'truncated',
  'refused',
  'abstained',
  'over_budget',
  'nothing_to_measure',
  'wrong_type',
  'judge_unreachable',
  'judge_malformed',
  'given_up',
  'pass_because',
])
