/** All that is remembered of an alert as JSON: what a checkpoint holds. */
import { z } from 'zod'
import type { AlertGroups } from './groups.ts'
import { referenceFromJson, referenceSchema, referenceToJson } from './regression/detector-json.ts'
import { emptyShared, type Shared } from './state.ts'
import { groupStateFromJson, groupStateSchema, groupStateToJson } from './state-json.ts'

const STATE_VERSION = 2

const version = z.object({ firstMs: z.number(), n: z.number(), sum: z.number(), sumSquares: z.number() })

const groupsSchema = z.object({
  version: z.literal(STATE_VERSION),
  startedMs: z.number().nullable(),
  resumedMs: z.number().nullable(),
  groups: z.array(groupStateSchema),
  reference: referenceSchema.nullable(),
  versions: z.array(z.tuple([z.string(), version])),
  accepted: z.object({ atMs: z.number(), fromMs: z.number() }).nullable().default(null),
})

/** Of Assay 0.1: one state, without groups. */
const firstSchema = z.intersection(z.object({ version: z.literal(1) }), groupStateSchema)

export type AlertGroupsJson = z.input<typeof groupsSchema>

export function alertGroupsToJson({ startedMs, resumedMs, shared, groups }: AlertGroups): AlertGroupsJson {
  return {
    version: STATE_VERSION,
    startedMs,
    resumedMs,
    groups: [...groups.values()].map(groupStateToJson),
    reference: shared.reference === null ? null : referenceToJson(shared.reference),
    versions: [...shared.versions],
    accepted: shared.accepted,
  }
}

/** Fails on what is no state that this version knows; the message says why. */
export function parseAlertGroups(raw: unknown): { ok: true; state: AlertGroups } | { ok: false; message: string } {
  const first = firstSchema.safeParse(raw)
  if (first.success) {
    const shared = emptyShared()
    const state = groupStateFromJson(first.data, shared)
    noteTroubles(shared, [state])
    const { startedMs, resumedMs } = state
    return { ok: true, state: { startedMs, resumedMs, shared, groups: new Map([['', state]]) } }
  }
  const parsed = groupsSchema.safeParse(raw)
  if (!parsed.success) return { ok: false, message: z.prettifyError(parsed.error) }
  const { startedMs, resumedMs, groups, reference, versions, accepted } = parsed.data
  const shared: Shared = {
    ...emptyShared(),
    reference: reference === null ? null : referenceFromJson(reference),
    versions: new Map(versions),
    accepted,
  }
  const states = groups.map((json) => groupStateFromJson(json, shared))
  noteTroubles(shared, states)
  return {
    ok: true,
    state: { startedMs, resumedMs, shared, groups: new Map(states.map((state) => [state.key, state])) },
  }
}

function noteTroubles({ troubled }: Shared, states: readonly { key: string; phase: { kind: string } }[]): void {
  for (const { key, phase } of states) if (phase.kind === 'firing' || phase.kind === 'pending') troubled.add(key)
}
