/** The packs that are in force by default: what benchmarks run under. */
import { join } from 'node:path'

export const DEFAULT_PACKS = ['latency', 'pii'].map((name) => join(import.meta.dirname, '..', 'evals', `${name}.eval`))
