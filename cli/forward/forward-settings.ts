/** What `assay forward` runs with. */
import type { ReduceOptions } from '../../ingest/forward/reduce/reduce.ts'
import type { ClientTls } from '../../ingest/forward/sender.ts'
import type { ServerTls } from '../../storage/access/server-tls.ts'
import type { Flags } from '../config/given.ts'
import type { Environment } from '../config/origin.ts'
import { lineOf } from '../config/problem.ts'
import { resolveSettings } from '../config/resolve-settings.ts'
import type { LogLevel } from '../config/sections/logging.ts'
import { serverTlsOf } from '../config/sections/server-tls.ts'
import type { Config } from '../config/settings.ts'

export interface ForwardSettings {
  readonly url: string
  readonly key: string | null
  readonly timeoutMs: number
  readonly tls: ClientTls
  readonly buffer: string
  readonly bufferBytes: number
  readonly maxRequestBytes: number
  readonly whenFull: Config['forward']['whenFull']
  readonly durability: Config['forward']['durability']
  readonly reduce: ReduceOptions
  readonly host: string
  readonly otlpHttpPort: number
  readonly otlpGrpcPort: number
  readonly corsOrigins: readonly string[]
  readonly gatewayTls: ServerTls | null
  readonly logLevel: LogLevel
}

export type ParsedForwardSettings = { ok: true; settings: ForwardSettings } | { ok: false; problems: string[] }

/** Sections that the forwarder uses; secrets of the rest need not be where it runs. */
export const FORWARD_USES: readonly string[] = ['host', 'gateway', 'forward', 'logging'] satisfies (keyof Config)[]

const NO_URL =
  'forward.url is not set: --to https://assay.example.org, ASSAY_FORWARD_URL, or forward.url in an assay.yaml says where spans go'

export function parseForwardSettings(flags: Flags, env: Environment, path: string | null): ParsedForwardSettings {
  const resolved = resolveSettings(
    { flags, env, path },
    {
      uses: (key) => FORWARD_USES.includes(key),
      require: (isGiven) => (isGiven('forward.url') ? [] : [{ path: null, message: NO_URL }]),
    },
  )
  if (!resolved.ok) return { ok: false, problems: resolved.problems.map(lineOf) }
  const { forward, gateway, host, logging } = resolved.config
  const { tls } = forward
  if (forward.url === null) return { ok: false, problems: [NO_URL] }
  return {
    ok: true,
    settings: {
      url: forward.url,
      key: forward.key?.reveal() ?? null,
      timeoutMs: forward.timeoutSeconds * 1_000,
      tls: {
        ca: tls.ca?.reveal() ?? null,
        certificate: tls.certificate?.reveal() ?? null,
        key: tls.key?.reveal() ?? null,
      },
      buffer: forward.buffer,
      bufferBytes: forward.bufferSize,
      maxRequestBytes: forward.maxRequestSize,
      whenFull: forward.whenFull,
      durability: forward.durability,
      reduce: {
        sampleRate: forward.sampleRate,
        foldAfter: forward.foldAfter,
        maxKeys: forward.maxAttributeKeys,
        maxValues: forward.maxAttributeValues,
      },
      host,
      otlpHttpPort: gateway.otlpHttpPort,
      otlpGrpcPort: gateway.otlpGrpcPort,
      corsOrigins: gateway.corsOrigins,
      gatewayTls: serverTlsOf(gateway.tls),
      logLevel: logging.level,
    },
  }
}
