/** What `assay up` runs with: flags first, then the environment, then defaults. */
import { z } from 'zod'
import { parseKafkaUrl } from '../storage/log/kafka/config.ts'
import { packFolder } from './load-evals.ts'

const port = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/, 'must be a port number')
  .transform(Number)
  .pipe(
    z
      .number()
      .int('must be a whole number')
      .min(0, 'must be between 0 and 65535')
      .max(65_535, 'must be between 0 and 65535'),
  )

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}
/** A topic that holds less than a request of the greatest size would never take one. */
const MIN_LOG_BYTES = 32 << 20

const sizeBytes = z
  .string()
  .regex(/^\d+(\.\d+)?\s*([kmgt]i?b)?$/i, 'must be a size, such as 20GB or 512MiB')
  .transform((text) => {
    const [, amount, unit] = /^([\d.]+)\s*(.*)$/.exec(text)!
    return Math.floor(Number(amount) * UNITS[unit!.toLowerCase()]!)
  })
  .pipe(z.number().min(MIN_LOG_BYTES, 'must be at least 32MiB').max(Number.MAX_SAFE_INTEGER, 'is too large'))

/** Of the form that `storage/log/kafka/config.ts` describes. */
const kafkaUrl = z.string().transform((url, context) => {
  const parsed = parseKafkaUrl(url)
  if (parsed.ok) return parsed.settings
  context.addIssue({ code: 'custom', message: `is refused: ${parsed.message}` })
  return z.NEVER
})

const httpUrl = z
  .string()
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'must look like http://user:password@host:8123')

/** May hold a password: a message names them without repeating them. */
const SECRET: readonly string[] = ['logUrl', 'tracesUrl']

const schema = z.object({
  data: z.string().min(1, 'must name a folder'),
  evals: z.array(z.string().min(1, 'must name a folder or file')).min(1),
  otlpHttpPort: port,
  httpPort: port,
  host: z.string().min(1, 'must be an address, such as 127.0.0.1'),
  logMaxBytes: sizeBytes,
  logUrl: kafkaUrl.nullable(),
  tracesUrl: httpUrl.nullable(),
})

export type UpSettings = z.infer<typeof schema>

export interface UpFlags {
  data?: string
  evals?: string[]
  otlpHttpPort?: string
  httpPort?: string
  host?: string
  logMaxBytes?: string
  logUrl?: string
  tracesUrl?: string
}

const names: Readonly<Record<keyof UpSettings, { flag: string; variable: string }>> = {
  data: { flag: '--data', variable: 'ASSAY_DATA' },
  evals: { flag: '--evals', variable: 'ASSAY_EVALS' },
  otlpHttpPort: { flag: '--otlp-http-port', variable: 'ASSAY_OTLP_HTTP_PORT' },
  httpPort: { flag: '--http-port', variable: 'ASSAY_HTTP_PORT' },
  host: { flag: '--host', variable: 'ASSAY_HOST' },
  logMaxBytes: { flag: '--log-max-bytes', variable: 'ASSAY_LOG_MAX_BYTES' },
  logUrl: { flag: '--log-url', variable: 'ASSAY_LOG_URL' },
  tracesUrl: { flag: '--traces-url', variable: 'ASSAY_TRACES_URL' },
}

export const defaults = {
  data: '.assay',
  otlpHttpPort: '4318',
  httpPort: '3000',
  host: '127.0.0.1',
  logMaxBytes: '10GiB',
} as const

/**
 * Parses flags and environment. On failure `problems` holds a line for each wrong setting: which, where it was set, and
 * what is expected.
 */
export function parseUpSettings(
  flags: UpFlags,
  env: Readonly<Record<string, string | undefined>>,
): { ok: true; settings: UpSettings } | { ok: false; problems: string[] } {
  const fromEnv = (key: keyof UpSettings): string | undefined => {
    const value = env[names[key].variable]
    return value === undefined || value === '' ? undefined : value
  }
  const envEvals = fromEnv('evals')
  const raw = {
    data: flags.data ?? fromEnv('data') ?? defaults.data,
    evals: flags.evals ?? envEvals?.split(',') ?? [packFolder],
    otlpHttpPort: flags.otlpHttpPort ?? fromEnv('otlpHttpPort') ?? defaults.otlpHttpPort,
    httpPort: flags.httpPort ?? fromEnv('httpPort') ?? defaults.httpPort,
    host: flags.host ?? fromEnv('host') ?? defaults.host,
    logMaxBytes: flags.logMaxBytes ?? fromEnv('logMaxBytes') ?? defaults.logMaxBytes,
    logUrl: flags.logUrl ?? fromEnv('logUrl') ?? null,
    tracesUrl: flags.tracesUrl ?? fromEnv('tracesUrl') ?? null,
  }
  const parsed = schema.safeParse(raw)
  if (parsed.success) {
    const { otlpHttpPort, httpPort } = parsed.data
    if (otlpHttpPort !== httpPort || httpPort === 0) return { ok: true, settings: parsed.data }
    return { ok: false, problems: [`--otlp-http-port and --http-port must differ (both are ${httpPort})`] }
  }
  return {
    ok: false,
    problems: parsed.error.issues.map((issue) => {
      const key = issue.path[0] as keyof UpSettings
      const { flag, variable } = names[key]
      const source = flags[key] === undefined && fromEnv(key) !== undefined ? variable : flag
      return SECRET.includes(key)
        ? `${source} ${issue.message}`
        : `${source} ${issue.message} (it is ${JSON.stringify(raw[key])})`
    }),
  }
}
