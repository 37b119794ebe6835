/** The gateway as `bench/gateway.ts` measures it, in a process of its own: it says where it listens, and stops on SIGTERM. */
import { parseNameRules } from '../engine/privacy/policy.ts'
import { REVIEWED_PATTERNS } from '../engine/regex/reviewed-matcher.ts'
import { createGateway } from '../ingest/gateway.ts'
import { startOtlpGrpc } from '../ingest/otlp-grpc.ts'
import { startOtlpHttp } from '../ingest/otlp-http.ts'
import { createGate } from '../storage/access/gate.ts'
import { openKeys } from '../storage/access/keys.ts'
import { openEmbeddedLog } from '../storage/log/embedded.ts'
import { onlineTopics } from '../storage/log/topics.ts'
import { measuredLog } from '../storage/metrics/measured.ts'

export interface GatewayReady {
  readonly httpPort: number
  readonly grpcPort: number
  readonly key: string
}

// Nobody reads it and nothing is deleted from it: it only appends.
const log = measuredLog(await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null }))
await log.ensureTopics(onlineTopics)
const keys = await openKeys({ log, nowMs: Date.now, onProblem: console.error })
const { key } = await keys.create({ tenant: 'acme', role: 'ingest', name: 'bench', expiresAtMs: null, by: 'bench' })
const isBare = process.argv.includes('--no-policy')
const gateway = createGateway({
  log,
  gate: createGate('keys', keys),
  ...(!isBare && {
    privacy: {
      key: 'k'.repeat(64),
      // Two rules: a token for the session, and mail addresses masked in every text.
      everyone: { drop: [], tokenise: parseNameRules('session'), mask: [REVIEWED_PATTERNS.get('pii.email')!] },
      tenants: new Map(),
    },
  }),
})
const address = { host: '127.0.0.1', port: 0, gateway }
const [http, grpc] = [await startOtlpHttp(address), await startOtlpGrpc(address)]
process.once('SIGTERM', async () => {
  await Promise.all([http.drain(), grpc.drain()])
  await keys.close()
  await log.close()
  process.exit(0)
})
const ready: GatewayReady = { httpPort: http.port, grpcPort: grpc.port, key }
console.log(JSON.stringify(ready))
