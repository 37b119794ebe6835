/** A cluster `one` of a single shard, which is the process itself, for `configureEngine`. */
export const ONE_HOST_CLUSTER = `<tcp_port>9000</tcp_port>
<macros><shard>01</shard><replica>host-1</replica></macros>
<zookeeper><implementation>testkeeper</implementation></zookeeper>
<remote_servers><one><shard>
  <internal_replication>true</internal_replication>
  <replica><host>localhost</host><port>9000</port></replica>
</shard></one></remote_servers>`

/** `ON CLUSTER` takes a server's queue of statements, which the engine in process has not: there each is said to its only host. */
export function toItsOnlyHost(statement: string): string {
  return statement.replace(" ON CLUSTER 'one'", '')
}

/** Nor can replicated tables be written to there. */
export function withoutReplicas(statement: string): string {
  return toItsOnlyHost(statement)
    .replace(/ENGINE = ReplicatedReplacingMergeTree\('[^']*', '[^']*', /, 'ENGINE = ReplacingMergeTree(')
    .replace(
      /\breplicated_deduplication_window = (\d+), replicated_deduplication_window_seconds = \d+/,
      'non_replicated_deduplication_window = $1',
    )
}
