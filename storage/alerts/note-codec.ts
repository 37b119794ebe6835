/** Notes beside the checkpoints on the compacted topic `alert-state`: the last of each kind and name is kept, and the evaluator reads it. */
import { z } from 'zod'
import type { RecordToAppend } from '../log/port.ts'

export interface NoteCodec<Note> {
  record(note: Note): RecordToAppend
  /** `id`: what a note is of. */
  keyOf(tenant: string, id: string): string
  isKey(key: string | null): boolean
  /** Null for what this version cannot read. */
  parse(bytes: Uint8Array): Note | null
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Without the header of a tenant, by which checkpoints are told. `idOf`: what the note is of. */
export function noteCodec<Note extends { tenant: string }>(
  kind: string,
  schema: z.ZodType<Note>,
  idOf: (note: Note) => string,
): NoteCodec<Note> {
  const ofKind = z.object({ kind: z.literal(kind) })
  const keyOf = (tenant: string, id: string): string => `${kind}/${tenant}/${id}`
  return {
    keyOf,
    record: (note) => ({
      key: keyOf(note.tenant, idOf(note)),
      value: encoder.encode(JSON.stringify({ kind, ...note })),
    }),
    isKey: (key) => key?.startsWith(`${kind}/`) === true,
    parse(bytes) {
      try {
        const raw: unknown = JSON.parse(decoder.decode(bytes))
        const parsed = schema.safeParse(raw)
        return parsed.success && ofKind.safeParse(raw).success ? parsed.data : null
      } catch {
        return null
      }
    },
  }
}
