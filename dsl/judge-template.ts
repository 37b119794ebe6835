/**
 * The version of a rubric's prompt: raised whenever its words or the schema of its answer change (`engine/judge/prompt.ts`),
 * because scores of different versions are not comparable. It stands here since it is part of the measure hash of every
 * offline eval with a rubric, and the language knows nothing of the engine. Those of metrics are versioned by `METRICS[…].version`.
 */
export const JUDGE_TEMPLATE_VERSION = 'judge-2'

/** How texts that are too long are cut before a judge sees them (`engine/judge/window.ts`): raised when that changes. */
export const JUDGE_WINDOW_VERSION = 'window-2'

/** Of the form that is answered by one token; whether it is used is the provider's, not the eval's. */
export const DIRECT_TEMPLATE_VERSION = 'judge-direct-1'
