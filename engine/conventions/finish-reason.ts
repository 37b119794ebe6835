import { FINISH_REASON_SYNONYMS } from '../../dsl/finish-reasons.ts'

/** The one name of a reason, so that a rule need not know the provider. Reasons that are no synonym stay as sent. */
export function normaliseFinishReason(reason: string | undefined): string | undefined {
  if (reason === undefined || reason === '') return undefined
  return FINISH_REASON_SYNONYMS.get(reason) ?? reason
}
