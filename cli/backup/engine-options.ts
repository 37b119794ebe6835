import { DEFAULT_LIMITS, type TracesLimits } from '../../storage/traces/limits.ts'

/** A partition of a month takes as long as it takes. */
export const PATIENT_LIMITS: TracesLimits = { ...DEFAULT_LIMITS, runs: { ...DEFAULT_LIMITS.runs, seconds: 24 * 3_600 } }

export const DATABASE = 'assay'
