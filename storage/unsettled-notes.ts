/** The records of `unsettled-traces`: evaluation writes and reads them, an erasure takes traces out of them. */
import { z } from 'zod'

const unsettledSchema = z.object({
  tenant: z.string(),
  traceId: z.string(),
  /** Behind its last span: the store has to have come so far in the partition. */
  storedTo: z.number(),
  /** The revision in which something was told of it, 0 when nothing was. */
  told: z.number(),
  /** When the log took its last span. */
  lastAtMs: z.number(),
})

const noteSchema = z.object({
  version: z.literal(1),
  /** Of `agent-traces`. */
  partition: z.number(),
  waiting: z.array(unsettledSchema),
  settled: z.array(z.object({ tenant: z.string(), traceId: z.string() })),
})

export type UnsettledTrace = z.infer<typeof unsettledSchema>
export type UnsettledNote = z.infer<typeof noteSchema>

export const encodeNote = (note: UnsettledNote): Uint8Array => new TextEncoder().encode(JSON.stringify(note))

/** Null: another version wrote it, or nobody's. */
export function parseNote(value: Uint8Array): UnsettledNote | null {
  try {
    return noteSchema.safeParse(JSON.parse(new TextDecoder().decode(value))).data ?? null
  } catch {
    return null
  }
}
