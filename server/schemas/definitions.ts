/** The definitions in force, as the API answers them: whole, and the packages that were pushed. */
import { z } from 'zod'

/** The definitions in force, compiled (`dsl/plan.ts`): whoever reads them checks `version` and `hash`. */
export const planResponseSchema = z.looseObject({ version: z.int(), hash: z.string() })

/** The packages that were pushed; none where definitions are files. */
export const definitionsResponseSchema = z.object({
  packages: z.array(
    z.object({
      name: z.string(),
      revision: z.string().nullable(),
      pushedAt: z.string(),
      evals: z.array(z.string()),
      alerts: z.array(z.string()),
      /** Null where a rollback has nothing to go back to, or it was pushed without one. */
      previousRevision: z.string().nullable(),
    }),
  ),
})

/** Packages that were pushed, or rolled back. */
export const pushResponseSchema = z.object({
  packages: z.array(
    z.object({
      name: z.string(),
      revision: z.string().nullable(),
      /** False where the same was in force already. */
      changed: z.boolean(),
    }),
  ),
})

export type DefinitionsResponse = z.infer<typeof definitionsResponseSchema>
