/**
 * How long spans and results are kept, as the tables' TTL. It counts from when a span started and from when a result's subject did, so that
 * they go together. Why it is an expression in the table's definition: docs/decisions/0015.
 */
import type { TracesTable } from './encode.ts'
import { type Layout, onCluster, quoted, storingTable } from './layout.ts'
import type { TableState } from './schema-plan.ts'

/** Days; null is for ever. */
export type KeptDays = number | null

export interface RetentionSettings {
  readonly days: KeptDays
  /** Tenants with a retention of their own. */
  readonly tenantDays: ReadonlyMap<string, KeptDays>
  /** After so many days from the hot volume to the cold one; null is never. */
  readonly coldAfterDays: KeptDays
  /** By name; null is the one that has the cold volume. */
  readonly storagePolicy: string | null
  readonly coldVolume: string
}

export const DEFAULT_RETENTION: RetentionSettings = {
  days: 365,
  tenantDays: new Map(),
  coldAfterDays: 30,
  storagePolicy: null,
  coldVolume: 'cold',
}

/** With the storage policy that the server has; null where there is none with a cold volume. */
export interface Retention {
  readonly settings: RetentionSettings
  readonly storagePolicy: string | null
}

const TIME_COLUMNS: Readonly<Record<TracesTable, string>> = {
  spans: 'start_time',
  results: 'subject_time',
  messages: 'said_at',
}

const TABLES: readonly TracesTable[] = ['spans', 'results', 'messages']

/** More than there are between 1970 and the last moment that a TTL can name. */
const FOR_EVER_DAYS = 100_000

/** What brings the tables' TTL and storage policy from what they are to what they should be. A table that is not there yet has neither. */
export function retentionStatements(
  tables: ReadonlyMap<string, TableState>,
  layout: Layout,
  retention: Retention,
): string[] {
  return TABLES.flatMap((table) => {
    const stored = storingTable(layout, table)
    const state = tables.get(stored)
    const alter = `ALTER TABLE ${layout.database}.${stored}${onCluster(layout)}`
    const statements: string[] = []
    const policy = retention.storagePolicy
    // A table that is made now is made on it.
    if (policy !== null && state !== undefined && state.storagePolicy !== policy) {
      statements.push(`${alter} MODIFY SETTING storage_policy = ${quoted(policy)}`)
    }
    const ttl = ttlOf(table, retention)
    if (ttl === (state?.ttl ?? null)) return statements
    statements.push(ttl === null ? `${alter} REMOVE TTL` : `${alter} MODIFY TTL ${ttl}`)
    return statements
  })
}

/**
 * In the words that the server itself uses for it, so that it can be compared with what a table has. Worked out in 64 bits: a TTL is a
 * DateTime, which wraps in 2106, and clocks of senders are wrong by centuries.
 */
export function ttlOf(table: TracesTable, { settings, storagePolicy }: Retention): string | null {
  const at = (days: string): string =>
    `toDateTime(least(intDiv(toUnixTimestamp64Micro(${TIME_COLUMNS[table]}), 1000000) + (86400 * ${days}), 4294967295), 'UTC')`
  const clauses: string[] = []
  const { coldAfterDays, coldVolume } = settings
  if (storagePolicy !== null && coldAfterDays !== null) {
    clauses.push(`${at(String(coldAfterDays))} TO VOLUME ${quoted(coldVolume)}`)
  }
  const kept = keptExpression(settings)
  if (kept !== null) clauses.push(at(kept))
  return clauses.length === 0 ? null : clauses.join(', ')
}

function keptExpression({ days, tenantDays }: RetentionSettings): string | null {
  const own = [...tenantDays].filter(([, kept]) => kept !== days).sort(([a], [b]) => (a < b ? -1 : 1))
  if (own.length === 0) return days === null ? null : String(days)
  const tenants = own.map(([tenant]) => quoted(tenant)).join(', ')
  const kept = own.map(([, ownDays]) => ownDays ?? FOR_EVER_DAYS).join(', ')
  return `transform(tenant, [${tenants}], [${kept}], ${days ?? FOR_EVER_DAYS})`
}

/** The clause of `ttlOf` that moves; it stands before the one that deletes. */
const MOVE =
  /^toDateTime\(least\(intDiv\(toUnixTimestamp64Micro\(\w+\), 1000000\) \+ \(86400 \* \d+\), 4294967295\), 'UTC'\) TO VOLUME '(?:[^'\\]|\\.)*'(?:, |$)/

/** Of a table's TTL, as `ttlInDefinition` has it, when a row is deleted: an expression over its columns; null is never. */
export function deletedAt(ttl: string | null): string | null {
  const left = ttl?.replace(MOVE, '') ?? ''
  return left === '' ? null : left
}

/** Where times in a table's TTL come from. */
export const timeColumnOf = (table: TracesTable): string => TIME_COLUMNS[table]

/** The part of a table's definition that stands after `TTL`. */
export function ttlInDefinition(engineFull: string): string | null {
  const start = engineFull.indexOf(' TTL ')
  if (start === -1) return null
  const end = engineFull.lastIndexOf(' SETTINGS ')
  return engineFull.slice(start + ' TTL '.length, end === -1 ? undefined : end)
}

/** The names of what stands there after `SETTINGS`: what the table was given, whatever the server has for others. */
export function settingsInDefinition(engineFull: string): ReadonlySet<string> {
  const start = engineFull.lastIndexOf(' SETTINGS ')
  if (start === -1) return new Set()
  return new Set(Array.from(engineFull.slice(start).matchAll(/(\w+) = /g), ([, name = '']) => name))
}
