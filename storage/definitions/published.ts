/** A package of definitions as it stands in the log, under the key tenant/package. */
import { z } from 'zod'
import { isIntact, whyNotIntact } from '../../dsl/packages.ts'
import type { Plan } from '../../dsl/plan.ts'

/** The commit of git that last touched the definitions; of files that were edited since, its name with `+changes` and nobody's. */
export const definitionsCommitSchema = z.object({
  revision: z.string().max(200),
  author: z.string().max(200).nullable(),
  subject: z.string().max(500).nullable(),
})

const release = z.object({
  plan: z.custom<Plan>(isIntact, { error: ({ input }) => whyNotIntact(input) ?? '' }),
  /** Of git, where they were pushed from; null outside a repository. */
  revision: z.string().max(200).nullable(),
  /** Absent in releases of before, and outside a repository. */
  commit: definitionsCommitSchema.nullish(),
  pushedAtMs: z.number(),
})

const publishedSchema = z.object({
  version: z.literal(1),
  tenant: z.string(),
  package: z.string(),
  current: release,
  /** What a rollback goes back to. */
  previous: release.nullable(),
})

export type DefinitionsCommit = z.infer<typeof definitionsCommitSchema>
export type PublishedPackage = z.infer<typeof publishedSchema>

export type ParsedPackage = { ok: true; published: PublishedPackage } | { ok: false; message: string }

export function encodePackage(published: PublishedPackage): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(published))
}

export function parsePackage(bytes: Uint8Array): ParsedPackage {
  let raw: unknown
  try {
    raw = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return { ok: false, message: 'not JSON in UTF-8' }
  }
  const parsed = publishedSchema.safeParse(raw)
  if (parsed.success) return { ok: true, published: parsed.data }
  const [issue] = parsed.error.issues
  return { ok: false, message: `${issue?.path.join('.')}: ${issue?.message}` }
}
