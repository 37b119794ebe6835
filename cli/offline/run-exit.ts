import type { OfflineRunJson } from '../../server/offline-schemas.ts'
import { exitCodes } from '../exit-codes.ts'

/** Of a run that has ended: one that was cancelled, left more subjects in error than it judged, or ended nobody knows how, says as little as one that failed. */
export function exitCodeOf({ state, outcome }: Pick<OfflineRunJson, 'state' | 'outcome'>): number {
  const { alreadyJudged, pass, fail, unknown, error } = outcome
  const isLost = error > alreadyJudged + pass + fail + unknown
  return state !== 'done' || isLost ? exitCodes.findings : exitCodes.ok
}
