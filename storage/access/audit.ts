/** The audit log: who did what that only those in charge may do. Kept a year, in a topic of its own. */
import { z } from 'zod'
import type { Log } from '../log/port.ts'
import { AUDIT_LOG } from '../log/topics.ts'

const entrySchema = z.object({
  version: z.literal(1),
  atMs: z.number(),
  tenant: z.string(),
  /** `nameOf` of whoever did it. */
  by: z.string(),
  /** What was done, such as `key.create`. */
  act: z.string(),
  /** To what: an id. */
  target: z.string(),
  /** Never a secret. */
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
})

export type AuditEntry = Omit<z.infer<typeof entrySchema>, 'version'>

/** Rejects with `LogError`: then the act must not be done. */
export async function appendAudit(log: Pick<Log, 'append'>, entry: AuditEntry): Promise<void> {
  const value = new TextEncoder().encode(JSON.stringify({ version: 1, ...entry }))
  await log.append(AUDIT_LOG, [{ key: entry.tenant, value, headers: { tenant: entry.tenant } }])
}

const READ_RECORDS = 500

/** The newest `limit` of the tenant's, newest first. What can't be read is left out: the log still holds it. */
export async function readAudit(
  log: Pick<Log, 'read' | 'endOffsets'>,
  tenant: string,
  limit: number,
): Promise<AuditEntry[]> {
  const found: AuditEntry[] = []
  const [extent] = await log.endOffsets(AUDIT_LOG)
  if (extent === undefined) return found
  for (let end = extent.end; end > extent.start && found.length < limit; ) {
    const start = Math.max(extent.start, end - READ_RECORDS)
    const page = await log.read(AUDIT_LOG, extent.partition, start, end - start)
    for (const { offset, value } of page.reverse()) {
      const entry = offset < end ? parseEntry(value) : null
      if (entry !== null && entry.tenant === tenant && found.length < limit) found.push(entry)
    }
    end = start
  }
  return found
}

function parseEntry(value: Uint8Array): AuditEntry | null {
  try {
    const parsed = entrySchema.safeParse(JSON.parse(new TextDecoder().decode(value)))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
