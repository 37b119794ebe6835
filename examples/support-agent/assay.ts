/** Finds the Assay to talk to, or starts one for the length of the example. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'

const root = join(import.meta.dirname, '..', '..')
export const evalsFolder = join(import.meta.dirname, 'evals')

const START_MS = 30_000
const ASK_MS = 10_000
/** The queue of offline evals starts in the background; a run waits for it. */
const JUDGE_START_MS = 60_000

const resultSchema = z.looseObject({
  eval: z.string(),
  traceId: z.string(),
  spanId: z.string().optional(),
  verdict: z.enum(['pass', 'fail', 'unknown', 'error']),
  score: z.number().optional(),
  reason: z.looseObject({ code: z.string(), field: z.string().optional(), detail: z.string().optional() }).optional(),
  evidence: z.array(z.looseObject({ field: z.string(), pattern: z.string(), masked: z.string() })),
  explanation: z.string().optional(),
})

const evalsSchema = z.looseObject({
  evals: z.array(
    z.looseObject({
      id: z.string(),
      matched: z.number(),
      passRate: z.number().nullable(),
      coverage: z.number().nullable(),
      note: z.string().optional(),
    }),
  ),
})

const traceSchema = z.looseObject({
  spans: z.array(
    z.looseObject({ kind: z.string(), output: z.looseObject({ text: z.string().optional() }).optional() }),
  ),
})

export type Result = z.infer<typeof resultSchema>
export type EvalSummary = z.infer<typeof evalsSchema>['evals'][number]

export interface Assay {
  readonly apiUrl: string
  /** Where OTLP/HTTP traces go, path included. */
  readonly tracesUrl: string
  /** The process, where the example started it. */
  readonly own: { output(): string } | null
  results(since: string): Promise<Result[]>
  evals(): Promise<EvalSummary[]>
  trace(traceId: string): Promise<z.infer<typeof traceSchema>>
  /** Null when it started, else why it did not. */
  judgeNow(evalId: string): Promise<string | null>
  stop(): Promise<void>
}

function client(apiUrl: string): Pick<Assay, 'results' | 'evals' | 'trace' | 'judgeNow'> {
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(`${apiUrl}${path}`, { signal: AbortSignal.timeout(ASK_MS) })
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`)
    return response.json()
  }
  return {
    results: async (since) => {
      const body = await get(`/v1/results?since=${encodeURIComponent(since)}&limit=1000`)
      return z.looseObject({ results: z.array(resultSchema) }).parse(body).results
    },
    evals: async () => evalsSchema.parse(await get('/v1/evals')).evals,
    trace: async (traceId) => traceSchema.parse(await get(`/v1/traces/${traceId}`)),
    judgeNow: async (evalId) => {
      const response = await fetch(`${apiUrl}/v1/evals/${evalId}/run`, {
        method: 'POST',
        signal: AbortSignal.timeout(JUDGE_START_MS),
      })
      if (response.ok) return null
      const problem = z.looseObject({ detail: z.string() }).safeParse(await response.json().catch(() => null))
      return problem.success ? problem.data.detail : `it answered ${response.status}`
    },
  }
}

/** The Assay at `ASSAY_URL` and `OTEL_EXPORTER_OTLP_ENDPOINT`, by default the local one; null where none is ready. */
export async function findAssay(env: Readonly<Record<string, string | undefined>>): Promise<Assay | null> {
  const apiUrl = (env.ASSAY_URL || 'http://127.0.0.1:3000').replace(/\/$/, '')
  const otlpUrl = (env.OTEL_EXPORTER_OTLP_ENDPOINT || 'http://127.0.0.1:4318').replace(/\/$/, '')
  const assay = { apiUrl, tracesUrl: `${otlpUrl}/v1/traces`, own: null, ...client(apiUrl), stop: async () => {} }
  try {
    await assay.evals()
    return assay
  } catch {
    return null
  }
}

/** Settings of the person's own Assay must not leak into the one that is started here, nor its judge cost money. */
const isForeign = (name: string): boolean => /^(ASSAY_|OPENAI_|OTEL_)/.test(name) || name === 'REDIS_URL'

/** Starts `assay up` on free ports with a temporary folder. Rejects with what it printed when it does not come up. */
export async function startAssay(judgeUrl: string, slackUrl: string): Promise<Assay> {
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-example-'))
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isForeign(name)))
  const args = [
    'up',
    '--data',
    dataDir,
    '--otlp-http-port',
    '0',
    '--otlp-grpc-port',
    '0',
    '--http-port',
    '0',
    '--host',
    '127.0.0.1',
  ]
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(root, 'cli', 'main.ts'),
      ...args,
      ...['--evals', join(root, 'evals')],
      ...['--evals', evalsFolder],
    ],
    {
      env: {
        ...inherited,
        ASSAY_OPENAI_BASE_URL: judgeUrl,
        OPENAI_API_KEY: 'not-needed',
        ASSAY_SLACK_WEBHOOK_URL: slackUrl,
        // The stand-in for Slack is on this machine.
        ASSAY_ALERTS_ALLOW_PRIVATE: '127.0.0.1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  // However the example ends, its Assay ends with it.
  process.once('exit', () => child.kill('SIGKILL'))
  let output = ''
  const ended = new Promise<void>((resolve) => {
    child.on('exit', () => resolve())
  })
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
    rmSync(dataDir, { recursive: true, force: true })
  }
  const addresses = await new Promise<{ apiUrl: string; tracesUrl: string } | null>((resolve) => {
    const look = (chunk: Buffer): void => {
      output += chunk.toString()
      const tracesUrl = /OTLP\/HTTP\s+(\S+)/.exec(output)?.[1]
      const apiUrl = /API\s+(\S+)/.exec(output)?.[1]?.replace(/\/$/, '')
      if (tracesUrl && apiUrl && /^Ready/m.test(output)) resolve({ apiUrl, tracesUrl })
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    setTimeout(() => resolve(null), START_MS).unref()
    void ended.then(() => resolve(null))
  })
  if (!addresses) {
    await stop()
    throw new Error(`Assay did not start:\n${output}`)
  }
  return { ...addresses, own: { output: () => output }, ...client(addresses.apiUrl), stop }
}
