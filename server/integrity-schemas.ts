/** What the API answers about checks of the store against the log. */
import { z } from 'zod'
import { verifyReportSchema } from '../engine/integrity/report.ts'

export { verifyReportSchema }
export const integrityChecksResponseSchema = z.object({ checks: z.array(verifyReportSchema) })

export type IntegrityChecksResponse = z.infer<typeof integrityChecksResponseSchema>
