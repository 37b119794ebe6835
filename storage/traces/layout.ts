/**
 * One description of the schema, written for one server or for a cluster. On a cluster a table `t` is two: `t_local`, replicated, on
 * each shard, and `t`, Distributed over them. A trace is on one shard, with its results: every query that groups by trace or by
 * subject is right shard by shard.
 */
import type { ServerVersion } from './server-version.ts'

export interface Layout {
  readonly database: string
  /** As `remote_servers` names it; null is one server. */
  readonly cluster: string | null
  /** What new tables are put on; null is the server's own. */
  readonly storagePolicy: string | null
}

export type Statement = CreateTable | AlterTable | SetTable | SpreadTable

export interface CreateTable {
  readonly create: string
  readonly columns: string
  /** Of rows of equal sorting key the one with the greatest stays. */
  readonly versionColumn: string
  /** `PARTITION BY …` to `ORDER BY …`. */
  readonly keys: string
  readonly settings: string
  readonly shardBy: string
}

export interface AlterTable {
  readonly alter: string
  /** What may be said again: `ADD COLUMN IF NOT EXISTS …`, `MODIFY …`. */
  readonly action: string
}

/** A setting that older servers do not know: they are told of it when they were upgraded. */
export interface SetTable {
  readonly set: string
  readonly setting: string
  /** As SQL has it. */
  readonly value: string
  readonly since: ServerVersion
}

/** Other shards for the rows to come; nothing on one server. */
export interface SpreadTable {
  readonly spread: string
  readonly shardBy: string
}

/** Where the rows are: on a cluster the Distributed table has none. */
export function storingTable({ cluster }: Layout, table: string): string {
  return cluster === null ? table : `${table}_local`
}

export function onCluster({ cluster }: Layout): string {
  return cluster === null ? '' : ` ON CLUSTER ${quoted(cluster)}`
}

/** As text of SQL. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

export function statementsOf(statement: Statement, layout: Layout): string[] {
  if ('create' in statement) return creations(statement, layout)
  if ('alter' in statement) return alterations(statement, layout)
  if ('set' in statement) {
    return alterations(
      { alter: statement.set, action: `MODIFY SETTING ${statement.setting} = ${statement.value}` },
      layout,
    )
  }
  return layout.cluster === null
    ? []
    : [distributed('CREATE OR REPLACE TABLE', statement.spread, statement.shardBy, layout)]
}

function creations(table: CreateTable, layout: Layout): string[] {
  const { database, cluster } = layout
  const name = `${database}.${storingTable(layout, table.create)}`
  const settings = cluster === null ? table.settings : replicatedSettings(table.settings)
  const policy = layout.storagePolicy === null ? '' : `, storage_policy = ${quoted(layout.storagePolicy)}`
  const storing = `CREATE TABLE IF NOT EXISTS ${name}${onCluster(layout)} (
${table.columns}
)
ENGINE = ${engineOf(layout, table.versionColumn)}
${table.keys}
SETTINGS ${settings}${policy}`
  return cluster === null
    ? [storing]
    : [storing, distributed('CREATE TABLE IF NOT EXISTS', table.create, table.shardBy, layout)]
}

/** By name and not by id: on a host that joins later the same statement makes another replica of the same table. */
function engineOf({ cluster }: Layout, versionColumn: string): string {
  if (cluster === null) return `ReplacingMergeTree(${versionColumn})`
  return `ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', ${versionColumn})`
}

function distributed(verb: string, table: string, shardBy: string, layout: Layout): string {
  const { database, cluster } = layout
  return `${verb} ${database}.${table}${onCluster(layout)} AS ${database}.${storingTable(layout, table)}
ENGINE = Distributed(${quoted(cluster ?? '')}, ${quoted(database)}, ${quoted(storingTable(layout, table))}, ${shardBy})`
}

/** A replicated table remembers tokens in Keeper, by number and by age: as long as the log can repeat an insert. */
function replicatedSettings(settings: string): string {
  return settings.replace(
    /non_replicated_deduplication_window = (\d+)/,
    'replicated_deduplication_window = $1, replicated_deduplication_window_seconds = 604800',
  )
}

/** Both tables have the columns; everything else is the storing one's. */
function alterations({ alter, action }: AlterTable, layout: Layout): string[] {
  const names = [storingTable(layout, alter)]
  if (layout.cluster !== null && /^\w+ COLUMN /.test(action)) names.push(alter)
  return names.map((name) => `ALTER TABLE ${layout.database}.${name}${onCluster(layout)} ${action}`)
}
