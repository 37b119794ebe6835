/** Labels that results of evals carry whatever alerts there are. */
export const CARRIED_LABELS: ReadonlySet<string> = new Set(['agent.name', 'agent.version', 'env'])
