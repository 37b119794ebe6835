/** A gateway on an embedded log, as a process that the tests kill: `gateway.ts FOLDER PORT`; says its port on standard output. */
import { createGate } from '../../../storage/access/gate.ts'
import { openEmbeddedLog } from '../../../storage/log/embedded.ts'
import { AGENT_TRACES } from '../../../storage/log/topics.ts'
import { createGateway } from '../../gateway.ts'
import { startOtlpHttp } from '../../otlp-http.ts'

const [dataDir = '', port] = process.argv.slice(2)
const log = await openEmbeddedLog({ dataDir })
await log.ensureTopics([
  { name: AGENT_TRACES, partitions: 4, retentionMs: null, retentionBytes: null, compacted: false },
])
const gate = createGate('open', { verify: () => ({ ok: false, code: 'unknown' }) })
const gateway = createGateway({ log, history: log, gate })
const listener = await startOtlpHttp({ host: '127.0.0.1', port: Number(port), gateway })
console.log(listener.port)
