/**
 * Makes the tables of a cluster's schema on the engine in process, with a Keeper in memory and a cluster of this one host: prints what the
 * engine then has, as JSON. Its own process, because replicated tables without a server do not come to an end.
 *
 * `node make-replicated.ts DATA_DIR STATEMENTS_JSON`
 */
import { connectEngine } from '../../storage/traces/open.ts'
import { configureEngine } from './configured-engine.ts'
import { ONE_HOST_CLUSTER } from './one-host-cluster.ts'

const [dataDir = '', statements = '[]'] = process.argv.slice(2)
configureEngine(dataDir, ONE_HOST_CLUSTER)
const { client } = await connectEngine({ dataDir })
for (const query of JSON.parse(statements) as string[]) await client.command({ query })
const answer = await client.query({
  query: "SELECT name, engine, engine_full FROM system.tables WHERE database = 'assay' ORDER BY name",
  format: 'JSON',
})
process.stdout.write(JSON.stringify((await answer.json<Record<string, string>>()).data), () => {
  process.kill(process.pid, 'SIGKILL')
})
