/** The engine in process with a configuration of a server's: disks, clusters, macros. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Session } from 'chdb'

/**
 * Binds the process's engine to the data folder of `openTraces({ dataDir })`, which then finds it configured. `xml` is what stands within
 * `<clickhouse>`. Close it last.
 */
export function configureEngine(dataDir: string, xml: string): { close(): void } {
  const folder = join(dataDir, 'traces', 'chdb')
  mkdirSync(folder, { recursive: true })
  const file = join(dataDir, 'config.xml')
  writeFileSync(file, `<clickhouse>${xml}</clickhouse>`)
  const session = new Session(folder, { connectionArgs: [`--config-file=${file}`] })
  return { close: () => session.close() }
}
